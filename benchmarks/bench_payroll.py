"""What is claimed of payrolls' speed: `headgate bench payroll`, with its table and its target."""

from headgate.bench import app

if __name__ == "__main__":
    app(["payroll"])
