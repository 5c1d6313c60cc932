"""A hub that sends an act again when it does not know what became of it. The campaign must catch it."""

from dataclasses import replace

from hub.cli.main import main
from hub.effects.runner import EffectRunner
from hub.model.states import EffectKind, Verdict


async def recover_and_retry(self, intent):
    resolution = await recovers(self, intent)
    if intent.kind is EffectKind.OPEN and resolution is not None and resolution.verdict is Verdict.UNKNOWN:
        driver = self._devices.driver(intent.device)
        again = replace(intent, epoch=self._epoch)
        deadline = self._clock.monotonic() + 2.0
        await self._act(driver, again, deadline)
        resolution = await self._resolve(driver, again, deadline)
    return resolution


recovers, EffectRunner.recover = EffectRunner.recover, recover_and_retry

if __name__ == "__main__":
    main()
