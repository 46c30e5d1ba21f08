"""The layout of the feedback codeword."""

from cscsanet.baselines.feedback_code import feedback_code


def test_every_digit_has_a_separate_feature():
    for paths in (1, 2, 3):
        code = feedback_code(paths)
        positions = [position for indices in code.positions.values() for position in indices]
        assert sorted(positions) == list(range(code.length))
        # The digits of a parameter are in order, so a prefix has its coarse ones.
        assert all(
            list(indices) == sorted(indices) and len(indices) == 6 for indices in code.positions.values()
        )
        assert code.length == 6 * (3 * paths + 2 * (paths - 1) + 2)
