"""What leaves the house: letters by mail and by group robots, through an outbox that sends nothing twice."""
