"""An even spread by capacity: the next one goes to whoever is the least full after it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass
class Bearer:
    """Somebody who takes work: what she has now and can carry, of customers and of open tasks."""

    id: int
    name: str
    customers: int = 0
    customers_most: int = 400
    tasks: int = 0
    tasks_most: int = 40


class Shares:
    """Spreads rows over people one by one. Everybody's share of the capacity grows evenly; where two are equally full
    the one with more room comes first, then the one named first."""

    def __init__(self, load: dict[int, int], most: dict[int, int]) -> None:
        self.load, self.most = dict(load), {person: max(number, 1) for person, number in most.items()}
        self.places = {person: place for place, person in enumerate(most)}

    @classmethod
    def of_customers(cls, people: Collection[Bearer]) -> Shares:
        """By customers kept against customers that one can keep."""
        return cls({one.id: one.customers for one in people}, {one.id: one.customers_most for one in people})

    @classmethod
    def of_tasks(cls, people: Collection[Bearer]) -> Shares:
        """By open tasks against tasks of a day."""
        return cls({one.id: one.tasks for one in people}, {one.id: one.tasks_most for one in people})

    def take(self, among: Collection[int] | None = None) -> int | None:
        """Who gets the next one, which then counts for her; `among` narrows the people. None where nobody is left."""
        people = [one for one in self.most if among is None or one in among]
        if not people:
            return None
        chosen = min(people, key=lambda one: ((self.load.get(one, 0) + 1) / self.most[one], -self.most[one],
                                              self.places[one]))
        self.load[chosen] = self.load.get(chosen, 0) + 1
        return chosen

    def give(self, person: int) -> None:
        """One more for a person who was found otherwise."""
        if person in self.most:
            self.load[person] = self.load.get(person, 0) + 1
