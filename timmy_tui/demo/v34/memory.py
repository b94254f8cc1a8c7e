"""v34's memory: classifying a message, storing it, and searching for what was said before, with the lines of each.

Assumptions: the shares of one storage (the real ones vary), three chunks a message, ten parents a search, and that
every second search meets a duplicate.
"""

from timmy_tui.demo.v34.session import Flags, Simulation

_TOPICS = ("stating facts", "asking questions", "personal data", "project activity", "chatting casually")
_PARENTS = 10
STORE_FROM = 2
"""Importance from which a message is stored."""


class DatabaseError(Exception):
    """The database does not answer."""


class Memory:
    """The three steps before the prompt. A turn without id writes no event and none of the lines that name an id."""

    def __init__(self, flags: Flags, simulation: Simulation) -> None:
        self.flags = flags
        self.simulation = simulation
        self._stored = 0

    def classify(self, text: str, request_id: str | None) -> bool:
        """Whether the message is worth storing."""
        simulation, debug = self.simulation, self.simulation.output.debug
        clock, draw = simulation.clock, simulation.random
        started = clock.now()
        simulation.events.record(request_id, "v34_classification_start")
        clock.work(simulation.latencies.draw("classify"))
        is_stored = simulation.latencies.should_store()
        importance = draw.randint(STORE_FROM, 9) if is_stored else draw.randint(0, STORE_FROM - 1)
        rate = 1 / max(clock.now() - started, 0.001)
        simulation.output.error(
            f"  0%|          | 0/1 [00:00<?, ?it/s]\r100%|██████████| 1/1 [00:00<00:00, {rate:.2f}it/s]"
        )
        topic = draw.choice(_TOPICS)
        debug(f">>> Importance calculation for: '{text[:50]}...'")
        debug(f"    Topic: {topic}, Tags: ['{topic}']")
        debug(f"    Flags: facts={is_stored}, personal=False, temporal=False, project=False")
        debug(f"    Penalties: testing_q=False, general_q={not is_stored}")
        debug(f"    Final importance: {importance}")
        debug(f">>> Fast metadata generated: topic={topic}, tags=['{topic}'], importance={importance}")
        simulation.events.record(request_id, "v34_classification_complete", importance=importance)
        debug(f"--- Step 1 (Metadata Generation) took: {clock.now() - started:.2f}s")
        return is_stored

    def store(self, text: str, request_id: str | None) -> None:
        """Write the message into the database."""
        simulation, debug = self.simulation, self.simulation.output.debug
        started = simulation.clock.now()
        debug("*** Debug: Parent Document Ingestion for role=user...")
        self._stored += 1
        storage_ms = simulation.latencies.store(len(text))
        simulation.clock.work(storage_ms)
        debug(f">>> Summarizing text ({len(text) // 4} tokens)...")
        debug(f">>> Fast summary generated: {text[:100]}...")
        debug(f"*** Debug: Stored parent document with ID: {self._stored}")
        debug("*** Debug: Batch inserted 3 chunks with single commit.")
        debug(f"*** Debug: Stored 3 chunks linked to parent {self._stored}.")
        if request_id:
            debug(
                f"[STORAGE BREAKDOWN - OPTIMIZED] request_id={request_id}, "
                f"summary_gen={max(storage_ms - 62, 1):.1f}ms, embed_summary=7.1ms, "
                "parent_insert=9.8ms, chunking=4.9ms, embed_chunks=30.2ms, "
                "metadata_gen=0.0ms (REUSED from classification), batch_insert=10.1ms, "
                f"total={(simulation.clock.now() - started) * 1000:.1f}ms, num_chunks=3"
            )

    def retrieve(self, request_id: str | None) -> None:
        """Search for what was said before. Raises DatabaseError. Turned off it still writes its two events."""
        simulation, debug = self.simulation, self.simulation.output.debug
        started = simulation.clock.now()
        simulation.events.record(request_id, "v34_retrieval_start")
        if self.flags.retrieval:
            self._search(request_id)
            debug(f"*** Debug: Retrieved {self.flags.chunks} memory chunks for context")
        else:
            debug("*** Debug: Retrieval disabled by config.RETRIEVAL_ENABLED=False (KV/session-only mode)")
        chunks = self.flags.chunks if self.flags.retrieval else 0
        simulation.events.record(request_id, "v34_retrieval_complete", num_chunks=chunks)
        debug(f"--- Step 4 (Context Retrieval) took: {simulation.clock.now() - started:.2f}s")

    def _search(self, request_id: str | None) -> None:
        simulation, debug = self.simulation, self.simulation.output.debug
        record, draw = simulation.events.record, simulation.latencies.draw
        if self.flags.parent_documents:
            debug("*** Debug: Retrieving chunks via Parent Document method...")
        record(request_id, "v34_retrieval_embedding_start")
        embedding, query, merge = draw("embed"), draw("query"), draw("merge")
        simulation.clock.work(embedding)
        record(request_id, "v34_retrieval_embedding_complete", duration_ms=round(embedding, 2))
        record(request_id, "v34_retrieval_query_start")
        simulation.clock.work(query)
        if simulation.database_fails:
            simulation.database_fails = False
            raise DatabaseError('connection to server at "localhost", port 5433 failed: Connection refused')
        if self.flags.parent_documents:
            debug(f"*** Debug: Found {_PARENTS} relevant parent document IDs.")
            debug(f"*** Debug: Retrieved {2 * self.flags.chunks} candidate chunks from parents.")
            counts = {"num_parents": _PARENTS, "num_candidate_chunks": 2 * self.flags.chunks}
        else:
            counts = {"num_results": self.flags.chunks}
        record(request_id, "v34_retrieval_query_complete", duration_ms=round(query, 2), **counts)
        simulation.clock.work(merge)
        self._print_result(request_id, embedding, query, merge)

    def _print_result(self, request_id: str | None, embedding: float, query: float, merge: float) -> None:
        """The lines after the search; the three durations in ms."""
        debug = self.simulation.output.debug
        figures = f"[RETRIEVAL BASELINE] request_id={request_id}, embedding={embedding:.1f}ms, query={query:.1f}ms"
        if not self.flags.parent_documents:
            if request_id:
                debug(f"{figures}, total={embedding + query:.1f}ms")
            return
        if self.simulation.random.random() < 0.5:
            debug("*** Debug: Skipping duplicate chunk (similarity: 1.00)")
        debug(f"*** Debug: Returning {self.flags.chunks} unique, relevant chunks.")
        if request_id:
            total = embedding + query + merge
            debug(f"{figures}, filtering={merge:.1f}ms, total={total:.1f}ms, results={self.flags.chunks}")
