"""What every benchmark stands on: a server of its own, client processes, an application on a socket, and how a report looks."""
