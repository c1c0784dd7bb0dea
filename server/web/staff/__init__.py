"""What staff ask for: signing in and out, orders and their money, what gateways said, what was given up, histories.

An endpoint that says `staff=Role.…` is reached by nobody else; `Call.staff` tells who it is, `Call.actor` names them
for the audit.
"""
