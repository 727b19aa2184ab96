"""Prints which room of a package imports which: `python -m checks.rooms [PACKAGE]`. import-linter holds the rules."""

from __future__ import annotations

import sys

import grimp


def arrows(package: str) -> dict[str, set[str]]:
    """For each room, the rooms that it imports. A room is what lies directly in the package, a folder or a module."""
    graph = grimp.build_graph(package, cache_dir=None)
    rooms = {name: set[str]() for name in sorted(graph.find_children(package))}
    for room, below in rooms.items():
        for module in {room, *graph.find_descendants(room)}:
            imported = graph.find_modules_directly_imported_by(module)
            below.update({".".join(name.split(".")[:2]) for name in imported} & rooms.keys() - {room})
    return rooms


def floors(rooms: dict[str, set[str]]) -> list[list[str]]:
    """The rooms from the ground up: each stands on lower ones only. What is left in a circle comes last."""
    found, left = list[list[str]](), dict(rooms)
    while left:
        floor = [room for room, below in left.items() if not below & left.keys()] or list(left)
        found.append(floor)
        left = {room: below for room, below in left.items() if room not in floor}
    return found


def main() -> None:
    package = sys.argv[1] if sys.argv[1:] else "dropcut"
    rooms = arrows(package)
    found = floors(rooms)
    for number, floor in reversed(list(enumerate(found))):
        for room in floor:
            below = ", ".join(sorted(name.partition(".")[2] for name in rooms[room]))
            print(f"{number}  {room.partition('.')[2]:<16} {below}")
    print(f"{len(rooms)} rooms, {sum(map(len, rooms.values()))} arrows, {len(found)} floors")


if __name__ == "__main__":
    main()
