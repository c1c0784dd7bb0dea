"""The gateways that customers pay through: VNPay, MoMo, and a sandbox that is built in, behind one port."""
