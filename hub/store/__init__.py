"""SQLite with one writer thread: journal, audit chain, cursors, migrations, backup."""
