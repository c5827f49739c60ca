"""Ways a message travels from the relay to its consumers: one file each, all behind `contract.Transport`."""
