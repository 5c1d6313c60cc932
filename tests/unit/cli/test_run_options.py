"""What `hub run` refuses before it serves."""

import pytest


@pytest.mark.parametrize(("words", "says"), [
    (["--line", "buss1=tcp://127.0.0.1:1"], "the site has no line 'buss1'; did you mean 'bus1'?"),
    (["--line", "bus1"], "'bus1' is not ID=URL, for example bus1=tcp://127.0.0.1:4196"),
    (["--port", "99999"], "99999 is not in the range"),
])
def test_an_option_that_cannot_be_is_refused_with_a_mend(workplace, run_hub, words, says):
    workplace.check()
    result = run_hub("run", str(workplace.path), *words)
    assert result.exit_code in (1, 2)
    assert says in result.output
