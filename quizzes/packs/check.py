#!/usr/bin/env python3
"""Checks a surveyor pack. It needs Python 3.8 or newer and nothing else: no network, no other program, no installation.

    python3 check.py [FOLDER] [--seals FILE]

FOLDER is where the pack was unzipped; without it, the folder of this file. FILE is a copy of the seals that was kept elsewhere.
It ends with 0 when everything fits, with 1 when something does not, and with 2 when the folder is no pack.
"""

import argparse
import datetime
import hashlib
import json
import os
import sys

FORMAT = "lms-pack-1"
SEALS = "lms-seals-1"
MANIFEST = "manifest.json"
#: left behind by file managers; no part of any pack
STRAY = {".DS_Store", "Thumbs.db", "desktop.ini"}
COLUMNS = ("subject", "seq", "kind", "schema", "effective_at", "recorded_at", "actor", "payload", "prev")
LINKS = ("after_subject", "after_seq", "after_hash")
SEAL_COLUMNS = ("number", "day", "at", "size", "root", "heads", "heads_root", "prev", "hash")


class Fault(Exception):
    """Something that cannot be read at all."""


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def leaf_hash(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def stands_under(node, index, size, path, root):
    """Whether the hash of a leaf stands at this index of the hash tree of this size and root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last = index, size - 1
    for beside in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(beside, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def sample_of(seed, population, size):
    """The drawn subjects: ordered by SHA-256 of seed, a line break and subject; the first ones are taken."""
    key = {subject: hashlib.sha256(f"{seed}\n{subject}".encode()).hexdigest() for subject in population}
    return sorted(population, key=lambda subject: (key[subject], subject))[:size]


class Event:
    """One line of a record. A withheld one shows its links and the hash of its leaf, nothing else."""

    def __init__(self, row):
        if not isinstance(row, dict):
            raise Fault("is no event")
        self.row = row
        self.withheld = "leaf" in row
        wanted = {"subject", "seq", "prev", "hash", "leaf", "withheld"} if self.withheld else {*COLUMNS, *LINKS, "hash"}
        if set(row) != wanted:
            raise Fault("does not have the columns of an event")
        self.subject, self.seq, self.prev, self.hash = row["subject"], row["seq"], row["prev"], row["hash"]
        if self.withheld:
            self.leaf = bytes.fromhex(row["leaf"])
        else:
            columns = [row[name] for name in COLUMNS]
            if row["schema"] > 1:
                columns += [row[name] for name in LINKS]
            self.leaf = leaf_hash(canonical(["event", *columns, row["hash"]]))


class Check:
    def __init__(self, folder):
        self.folder = folder
        self.faults = []
        self.events = {}  # (subject, seq) -> Event
        self.chains = {}  # subject -> its events
        self.sealed = set()
        self.seals = []
        self.ends = {}  # subject -> (seq, number of the seal)
        try:
            self.manifest = self.load(MANIFEST)
            self.files, self.people = self.manifest["files"], self.manifest["people"]
            if self.manifest["format"] != FORMAT:
                raise Fault("is of another format")
            self.names = {one["subject"]: "{} ({})".format(one["name"], one["folder"]) for one in self.people}
        except (Fault, OSError, ValueError, KeyError, TypeError) as error:
            raise Fault(f"{MANIFEST} cannot be read: {error}") from error

    def path(self, name):
        return os.path.join(self.folder, *name.split("/"))

    def load(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)

    def lines(self, name):
        """(line number, value) of every line of a file of JSON lines."""
        with open(self.path(name), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                yield number, json.loads(line)

    def fault(self, where, sentence):
        self.faults.append(f"{where}: {sentence}")

    def who(self, subject):
        return self.names.get(subject, str(subject))

    def guarded(self, name, step, *args):
        """A step that must not end the others: whatever cannot be read is a fault of its file."""
        try:
            step(*args)
        except FileNotFoundError:
            if name not in self.files:
                self.fault(name, "this file is missing.")
        except (Fault, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self.fault(name, f"it cannot be read ({error}).")

    # --- files

    def check_manifest(self):
        """Its last entry is the hash of all the others, so that a slip in it shows. Who changes it on purpose changes that too."""
        rest = {key: value for key, value in self.manifest.items() if key != "self"}
        with open(self.path(MANIFEST), "rb") as file:
            if file.read() != canonical(self.manifest) + b"\n":
                self.fault(MANIFEST, "it was written anew.")
        if hashlib.sha256(canonical(rest)).hexdigest() != self.manifest.get("self"):
            self.fault(MANIFEST, "it was changed.")

    def check_files(self):
        for name, known in sorted(self.files.items()):
            if name.startswith("/") or ".." in name.split("/") or "\\" in name:
                self.fault(MANIFEST, f"it names a file outside of the pack: {name}")
                continue
            path = self.path(name)
            if not os.path.isfile(path):
                self.fault(name, "this file is missing.")
                continue
            digest, size = hashlib.sha256(), 0
            with open(path, "rb") as file:
                piece = file.read(1 << 20)
                while piece:
                    digest.update(piece)
                    size += len(piece)
                    piece = file.read(1 << 20)
            if size != known["size"] or digest.hexdigest() != known["sha256"]:
                self.fault(name, "this file was changed: it is not what the manifest says.")
        for here, _, names in os.walk(self.folder):
            for name in names:
                found = os.path.relpath(os.path.join(here, name), self.folder).replace(os.sep, "/")
                if found != MANIFEST and found not in self.files and name not in STRAY:
                    self.fault(found, "this file does not belong to the pack.")

    # --- seals

    def check_seals(self):
        found = self.load("seals.json")
        if found["format"] != SEALS:
            raise Fault("is of another format")
        before = ""
        for place, seal in enumerate(found["seals"], 1):
            if set(seal) != set(SEAL_COLUMNS):
                raise Fault(f"seal {place} does not have the columns of a seal")
            if seal["number"] != place:
                self.fault("seals.json", "in place {} stands seal {}.".format(place, seal["number"]))
            if seal["prev"] != before:
                self.fault("seals.json", "seal {} does not follow the one before it.".format(seal["number"]))
            if self.seals and seal["day"] <= self.seals[-1]["day"]:
                self.fault("seals.json", "seal {} is not of a later day.".format(seal["number"]))
            before = seal["hash"]
            self.seals.append(seal)

    def seal(self, number):
        if not isinstance(number, int) or not 1 <= number <= len(self.seals):
            raise Fault(f"there is no seal {number}")
        return self.seals[number - 1]

    def compare(self, path):
        """With a copy of the seals that was kept elsewhere. Returns how many are in both."""
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        if kept.get("format") != SEALS:
            raise Fault(f"{path} is no file of seals")
        both = 0
        for theirs in kept["seals"]:
            mine = next((seal for seal in self.seals if seal["number"] == theirs["number"]), None)
            if mine is None:
                continue
            both += 1
            if {key: mine[key] for key in SEAL_COLUMNS} != {key: theirs.get(key) for key in SEAL_COLUMNS}:
                self.fault("seals.json", "seal {} differs from the copy that was kept.".format(mine["number"]))
        return both

    # --- records

    def check_record(self, person):
        name = "people/{}/record.jsonl".format(person["folder"])
        who, before, expected = self.who(person["subject"]), "", 1
        for number, row in self.lines(name):
            try:
                event = Event(row)
            except (Fault, KeyError, TypeError, ValueError) as error:
                self.fault(name, f"line {number} {error}.")
                return
            if event.subject != person["subject"]:
                self.fault(name, f"line {number} is an event of somebody else.")
                continue
            if event.seq != expected:
                if event.seq > expected:
                    self.fault(name, f"of {who}, event {expected} is missing.")
                else:
                    self.fault(name, f"of {who}, event {event.seq} is there twice or out of order.")
                expected = event.seq
            if event.prev != before:
                self.fault(name, f"of {who}, event {event.seq} does not follow the one before it.")
            before, expected = event.hash, expected + 1
            self.events.setdefault((event.subject, event.seq), event)
            self.chains.setdefault(event.subject, []).append(event)
        if expected - 1 != person["events"]:
            self.fault(
                name, "of {}, the manifest knows {} events and here are {}.".format(who, person["events"], expected - 1)
            )

    def check_links(self):
        """Each event names the newest of the whole record before it. If that is one of a person here, it must be here."""
        here = set(self.names)
        for event in self.events.values():
            subject = None if event.withheld else event.row["after_subject"]
            if subject not in here:
                continue
            other = self.events.get((subject, event.row["after_seq"]))
            where = f"of {self.who(event.subject)}, event {event.seq}"
            if other is None:
                sentence = "{} was written after event {} of {}, which is not here.".format(
                    where, event.row["after_seq"], self.who(subject)
                )
                self.fault("records", sentence)
            elif other.hash != event.row["after_hash"]:
                sentence = f"{where} names another event {other.seq} of {self.who(subject)}."
                self.fault("records", sentence)

    def check_proofs(self, name):
        for number, row in self.lines(name):
            key = (row["subject"], row["seq"])
            event, seal = self.events.get(key), self.seal(row["seal"])
            where = "of {}, event {}".format(self.who(row["subject"]), row["seq"])
            if event is None:
                self.fault(name, "line {}: {} is in seal {} and not here.".format(number, where, row["seal"]))
                continue
            path = [bytes.fromhex(step) for step in row["path"]]
            if stands_under(event.leaf, row["index"], seal["size"], path, bytes.fromhex(seal["root"])):
                self.sealed.add(key)
            else:
                self.fault(name, "{} is not what seal {} holds: it was changed.".format(where, row["seal"]))

    def check_ends(self):
        """Where each chain ended when the newest seal of the day was made."""
        for number, row in self.lines("proofs/ends.jsonl"):
            seal, who = self.seal(row["seal"]), self.who(row["subject"])
            leaf = leaf_hash(canonical(["head", row["subject"], row["seq"], row["hash"]]))
            path = [bytes.fromhex(step) for step in row["path"]]
            if not stands_under(leaf, row["index"], seal["heads"], path, bytes.fromhex(seal["heads_root"])):
                self.fault("proofs/ends.jsonl", f"line {number}: the end of {who} is not in its seal.")
                continue
            self.ends[row["subject"]] = (row["seq"], row["seal"])
            last = self.events.get((row["subject"], row["seq"]))
            if last is None:
                sentence = "of {}, seal {} knows {} events; the newest of them is not here."
                self.fault("records", sentence.format(who, row["seal"], row["seq"]))
            elif last.hash != row["hash"]:
                self.fault("records", "of {}, event {} is not the one in seal {}.".format(who, last.seq, row["seal"]))

    def check_sealed(self):
        """Whatever lies before a sealed event, or before the end that a seal knows, is sealed too."""
        for person in self.people:
            subject, who = person["subject"], self.who(person["subject"])
            mine = [event.seq for event in self.chains.get(subject, [])]
            proven = [seq for seq in mine if (subject, seq) in self.sealed]
            until = max([self.ends.get(subject, (0, 0))[0], *proven])
            for seq in mine:
                if seq <= until and (subject, seq) not in self.sealed:
                    self.fault("proofs", f"of {who}, event {seq} has no proof although later ones have.")
            newest = self.manifest.get("ends_seal") or 0
            if newest and subject not in self.ends and any(self._old(subject, seq, newest) for seq in mine):
                self.fault("proofs", f"of {who}, it is not proven where the record ended at seal {newest}.")

    def _old(self, subject, seq, number):
        event = self.events[subject, seq]
        if event.withheld:
            return False
        sealed_at = datetime.datetime.fromisoformat(self.seal(number)["at"])
        return datetime.datetime.fromisoformat(event.row["recorded_at"]) < sealed_at - datetime.timedelta(hours=1)

    # --- people and the sample

    def check_identity(self, person):
        """Returns nothing; how a person was spelled must hash to what the events name."""
        name = "people/{}/identity.jsonl".format(person["folder"])
        known = set()
        for number, row in self.lines(name):
            known.add(row["hash"])
            if (
                row["erased_at"] is None
                and hashlib.sha256(canonical([row["salt"], row["fields"]])).hexdigest() != row["hash"]
            ):
                self.fault(name, f"line {number}: how the person was spelled was changed.")
        for event in self.chains.get(person["subject"], []):
            if event.withheld:
                continue
            named = json.loads(event.row["payload"]).get("identity")
            if named and named not in known:
                self.fault(name, f"event {event.seq} names a spelling that is not here.")

    def check_sample(self):
        found = self.load("sample.json")
        drawn = sample_of(found["seed"], found["population"], found["size"])
        if set(drawn) != set(self.names):
            self.fault("sample.json", "the people of this pack are not those that the seed draws.")

    def run(self):
        self.guarded(MANIFEST, self.check_manifest)
        self.guarded(MANIFEST, self.check_files)
        self.guarded("seals.json", self.check_seals)
        for person in self.people:
            self.guarded("people/{}/record.jsonl".format(person["folder"]), self.check_record, person)
        self.guarded("records", self.check_links)
        for name in sorted(self.files):
            if name.startswith("proofs/seal-"):
                self.guarded(name, self.check_proofs, name)
        self.guarded("proofs/ends.jsonl", self.check_ends)
        self.guarded("proofs", self.check_sealed)
        for person in self.people:
            self.guarded("people/{}/identity.jsonl".format(person["folder"]), self.check_identity, person)
        if self.manifest.get("sampled"):
            self.guarded("sample.json", self.check_sample)


def plural(number, word, words=""):
    return "{} {}".format(number, word if number == 1 else words or word + "s")


def report(check, both):
    total, sealed = len(check.events), len(check.sealed)
    withheld = sum(event.withheld for event in check.events.values())
    print("Pack of {} as of {}.".format(check.manifest["organization"], check.manifest["as_of"]))
    counts = plural(len(check.people), "person", "people"), plural(len(check.files), "file"), plural(total, "event")
    print("{}, {}, {}.".format(*counts))
    if withheld:
        print(plural(withheld, "event") + " withheld: private. Their place in the record is checked all the same.")
    print()
    if check.faults:
        print("Something does not fit:")
        for sentence in check.faults:
            print("  " + sentence)
    else:
        print("Everything fits.")
        print("  Every file is as the manifest says; none is missing and none was added.")
        print("  Each person's events follow each other without a gap.")
        if check.seals:
            print("  {} of {} stand under a daily seal.".format(sealed, plural(total, "event")))
    print("\nWhat this cannot show by itself:")
    if total > sealed:
        younger = plural(total - sealed, "event is", "events are")
        print(f"  {younger} younger than the newest seal here. Only their order was checked.")
    if both:
        print("  Nothing more about {}: the same as in the copy that was kept elsewhere.".format(plural(both, "seal")))
    else:
        print("  That the seals are the true ones. Ask for a copy that was kept elsewhere, and give it with --seals.")
    print("  That whoever wrote the record wrote the truth: it shows that nothing was changed afterwards.")
    print("  Events and seals are signed with a key that only the system has. The organization can check")
    print("  the ZIP, as you got it, with that key: manage.py verify_pack FILE.zip")
    if check.seals:
        print("  Newest seal: number {number} of {day}, {hash}".format(**check.seals[-1]))


def main(argv=None):
    parser = argparse.ArgumentParser(description="Checks a surveyor pack, offline.")
    parser.add_argument("folder", nargs="?", default=os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--seals", metavar="FILE", help="a copy of the seals that was kept elsewhere")
    args = parser.parse_args(argv)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a name shows a mark in its place
    try:
        check = Check(args.folder)
        check.run()
        both = check.compare(args.seals) if args.seals else 0
    except (Fault, OSError, ValueError, KeyError, TypeError) as error:
        print(f"This cannot be checked. {error}")
        return 2
    report(check, both)
    return 1 if check.faults else 0


if __name__ == "__main__":
    sys.exit(main())
