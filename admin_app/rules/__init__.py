"""The rules: one file a behaviour, plain functions of (session, …, now). No Flask, no HTML, no commit."""
