"""Leads 线索: how they come in, who gets them, and how long the first contact may take (DOMAIN §3.1).

clocks.py    the clock of a first contact, and of whom a late one is reported to
intake.py    a lead that another system hands over: a file, or a customer who asks again
owners.py    whose turn it is
tokens.py    what another system shows to be let in
"""
