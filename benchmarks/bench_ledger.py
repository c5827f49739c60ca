"""What the ledger's performance claims rest on: `headgate bench ledger`, with its table and its targets."""

from headgate.bench import app

if __name__ == "__main__":
    app(["ledger"])
