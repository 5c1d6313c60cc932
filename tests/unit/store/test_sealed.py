"""S5: personal data is unreadable without its key, and gone for good once the key is."""

import pytest

from hub.store import KeyMissing, PersonForgotten


@pytest.mark.req("PR-01")
async def test_sealed_data_opens_in_writes_and_reads_and_after_a_restart(open_store):
    store = await open_store()
    blob = await store.write(lambda tx: tx.seal("person/1", {"name": "Ada", "pin": "4711"}))
    assert await store.write(lambda tx: tx.unseal("person/1", blob)) == {"name": "Ada", "pin": "4711"}
    await store.close()
    store = await open_store(seed=2)
    assert await store.read(lambda reader: reader.unseal("person/1", blob)) == {"name": "Ada", "pin": "4711"}


async def test_nothing_personal_is_in_any_file(open_store, database):
    store = await open_store()
    await store.write(
        lambda tx: tx.journal(
            "m/1", "message.made", {"sealed": tx.seal("person/1", {"name": "Ada Lovelace"}).hex()}, 1
        )
    )
    await store.write(
        lambda tx: tx.execute("INSERT INTO meta VALUES ('h', ?)", (tx.keyed_hash("4711"),)) and None
    )
    await store.close()
    for file in database.parent.iterdir():
        assert b"Lovelace" not in file.read_bytes()


async def test_a_forgotten_person_cannot_be_read_nor_written(open_store):
    store = await open_store()
    blob = await store.write(lambda tx: tx.seal("person/1", {"name": "Ada"}))
    await store.read(lambda reader: reader.unseal("person/1", blob))
    await store.write(lambda tx: tx.forget_person("person/1"))
    with pytest.raises(PersonForgotten):
        await store.read(lambda reader: reader.unseal("person/1", blob))
    with pytest.raises(PersonForgotten):
        await store.write(lambda tx: tx.seal("person/1", {"name": "Ada"}))


async def test_a_blob_opens_for_its_person_only_and_unaltered_only(open_store):
    store = await open_store()
    blob = await store.write(lambda tx: tx.seal("person/1", {"name": "Ada"}))
    await store.write(lambda tx: tx.seal("person/2", {"name": "Bob"}))
    with pytest.raises(KeyMissing, match="does not open"):
        await store.read(lambda reader: reader.unseal("person/2", blob))
    altered = blob[:-1] + bytes([blob[-1] ^ 1])
    with pytest.raises(KeyMissing, match="altered"):
        await store.read(lambda reader: reader.unseal("person/1", altered))


async def test_the_same_data_is_sealed_differently_each_time(open_store):
    store = await open_store()
    blobs = {await store.write(lambda tx: tx.seal("person/1", {"name": "Ada"})) for _ in range(3)}
    assert len(blobs) == 3


async def test_a_credentials_hash_belongs_to_this_hub(open_store, tmp_path):
    here, there = await open_store(), await open_store(tmp_path / "there.db", seed=2)
    written = await here.write(lambda tx: tx.keyed_hash("4711"))
    assert written == await here.read(lambda reader: reader.keyed_hash("4711"))
    assert written != await there.read(lambda reader: reader.keyed_hash("4711"))
    assert len(written) == 32


async def test_ids_sort_by_time_and_differ(store):
    ids = await store.write(lambda tx: [tx.new_id(at) for at in (1_000_000, 1_000_000, 2_000_000)])
    assert len(set(ids)) == 3
    assert max(ids[:2]) < ids[2]
