"""The class table: MFNet's."""

from cscsanet.scenes.classes import BUMP, CAR, CLASS_NAMES, COLOR_CONE, NUM_CLASSES, PALETTE


def test_ids_names_and_colours_are_mfnets() -> None:
    assert CLASS_NAMES[3:6] == ("bike", "curve", "car_stop")
    assert [CLASS_NAMES[index] for index in (CAR, COLOR_CONE, BUMP)] == ["car", "color_cone", "bump"]
    assert len(CLASS_NAMES) == len(PALETTE) == len(set(PALETTE)) == NUM_CLASSES == 9
    assert PALETTE[COLOR_CONE] == (192, 128, 128)
