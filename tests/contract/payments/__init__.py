"""The contract of the payment gateways, run over each of them against a gateway that answers."""
