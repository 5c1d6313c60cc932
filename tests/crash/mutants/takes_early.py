"""A hub that takes money as soon as it is promised, before the release. The campaign must catch it."""

from dataclasses import replace

from hub.cli.main import main
from hub.effects.runner import EffectRunner
from hub.model.states import EffectKind, Verdict


async def perform_and_take(self, intent):
    resolution = await performs(self, intent)
    if intent.kind is EffectKind.AUTHORISE and resolution.verdict is Verdict.CONFIRMED:
        driver = self._devices.driver(intent.device)
        await driver.capture(replace(intent, kind=EffectKind.CAPTURE), self._clock.monotonic() + 5.0)
    return resolution


performs, EffectRunner._perform = EffectRunner._perform, perform_and_take

if __name__ == "__main__":
    main()
