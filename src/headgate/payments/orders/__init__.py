"""Orders one by one (FedNow, RTP): claimed, sent to a provider outside any transaction, answered, asked about, recalled."""
