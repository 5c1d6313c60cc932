"""No mutant: a hub that copies its log into the database often, so that a short story passes a checkpoint."""

from hub.cli.main import main
from hub.store import Store

Store.open.__func__.__kwdefaults__["checkpoint_after"] = 12

if __name__ == "__main__":
    main()
