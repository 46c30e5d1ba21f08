"""The nine classes of MFNet's annotation, which the renderer draws: ids, names and colours."""

from cscsanet.config.scenes.classes import MFNET

UNLABELLED, CAR, PERSON, BIKE, CURVE, CAR_STOP, GUARDRAIL, COLOR_CONE, BUMP = range(9)

CLASS_NAMES = MFNET.names
NUM_CLASSES = len(MFNET)
PALETTE = MFNET.colours
