"""Whole payments through the running application, with gateways on loopback that it speaks to over HTTP."""
