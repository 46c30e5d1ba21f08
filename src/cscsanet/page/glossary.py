"""The words of the page: each is explained where it stands, by a button that opens its text, and in the glossary at the end."""

from collections.abc import Mapping
from dataclasses import dataclass

from cscsanet.config.schemes import FLOOR, SCHEMES


@dataclass(frozen=True)
class Term:
    """A word of the page. name: as the glossary shows it. text: what it means. see: the section that it is about."""

    name: str
    text: str
    see: str


TERMS: Mapping[str, Term] = {
    "accuracy": Term("pixel accuracy", "The share of all pixels that have their true class.", "rows"),
    "aligned": Term(
        "aligned phases",
        "Our form: each UE predicts from the CSI-RS with which phase its streams would arrive, and "
        "rotates them before sending, so that they add up at the BS.",
        "figures",
    ),
    "assumption": Term(
        "assumption",
        "A choice where the paper leaves something open, such as the spread of the delays or the length "
        "of a training.",
        "assumptions",
    ),
    "b": Term(
        "B",
        "The number of feedback bits that each UE sends to the BS about the channel it has measured.",
        "rows",
    ),
    "block": Term(
        "block",
        "All resource elements in which a UE sends one picture: those of the Q data symbols, with "
        "pilots or DMRS where a scheme has them.",
        "tables",
    ),
    "bootstrap": Term(
        "95 % interval",
        "The range that holds the value in 95 % of all resamplings of the test streets (bootstrap). "
        "Where trainings were repeated, it also covers what differs between training seeds.",
        "claims",
    ),
    "bs": Term(
        "BS",
        "The base station, with 64 antennas in the study. It fuses what both UEs send into one mask.",
        "summary",
    ),
    "capacity": Term(
        "capacity",
        "The most bits that a channel carries without an error, in blocks of any length. No real code "
        "reaches it in short blocks, so digital-ideal, which assumes it, is a bound.",
        "figures",
    ),
    "ceiling": Term(
        "ceiling",
        "The mIoU of the same semantic networks over an error-free link (scheme ideal). No channel can "
        "do better with them.",
        "summary",
    ),
    "claim": Term(
        "claim",
        "A statement of the paper, or of ours, that can be tested on the measured rows.",
        "claims",
    ),
    "codebook": Term(
        "codebook",
        "A fixed set of beams. A UE reports the index of the best one in place of the channel.",
        "figures",
    ),
    "confusion": Term(
        "confusion matrix",
        "For each true class (line), the share of its pixels that is labelled as each class (column).",
        "tables",
    ),
    "codec": Term(
        "source codec",
        "The networks that turn pictures into the symbols, or bits, of a block, and those back into a mask.",
        "tables",
    ),
    "crb": Term(
        "Cramer-Rao bound",
        "No unbiased estimate has a smaller mean square error.",
        "robustness",
    ),
    "csi": Term(
        "CSI",
        "Channel state information: what is known of the channel.",
        "tables",
    ),
    "csirs": Term(
        "CSI-RS",
        "Reference signals that the BS sends so that UEs can measure the channel. There are L OFDM "
        "symbols of them.",
        "figures",
    ),
    "dedicated": Term(
        "dedicated model",
        "A model trained for one operating point alone. The others are elastic: one model serves all points.",
        "tables",
    ),
    "delay": Term(
        "feedback delay",
        "The OFDM symbols between the last CSI-RS and the first data symbol. In that time the channel, "
        "and predicted phases, age.",
        "robustness",
    ),
    "dmrs": Term(
        "DMRS",
        "Demodulation reference signals: known symbols within a block, from which the BS estimates the "
        "channel of the data.",
        "tables",
    ),
    "drop": Term(
        "drop",
        "One random draw of the channel: paths, angles, delays and speeds of both UEs.",
        "rows",
    ),
    "equal": Term(
        "equal elements and energy",
        "Compared schemes use the same number of resource elements and the same energy for a block, "
        "pilots and DMRS counted.",
        "figures",
    ),
    "flops": Term("FLOPs", "Arithmetic operations for one picture.", "deployment"),
    "floor": Term(
        "floor",
        "The mIoU of the constant prediction, which labels every pixel of every picture as unlabelled. "
        "It is not zero, since most pixels are unlabelled.",
        "summary",
    ),
    "form": Term(
        "form",
        "CSC-SA-Net is judged in three forms: the paper's, with aligned phases, and with tracked phases. "
        "The last two are ours. In all three the CSI networks start from detected paths, which is ours, "
        "too: those of the paper come far behind (csa.front in params.yaml).",
        "claims",
    ),
    "genie": Term(
        "genie",
        "A bound that knows the channel perfectly.",
        "tables",
    ),
    "height": Term(
        "height",
        "The mIoU of a scheme minus that of the constant prediction: what is won over a blind guess.",
        "claims",
    ),
    "int8": Term(
        "int8",
        "Numbers of eight bits in place of 32: faster, and less exact.",
        "deployment",
    ),
    "iou": Term(
        "IoU",
        "Intersection over union of one class: its correctly labelled pixels over all pixels that have "
        "it in truth or prediction.",
        "tables",
    ),
    "l": Term(
        "L",
        "The number of OFDM symbols with CSI-RS.",
        "rows",
    ),
    "latefusion": Term(
        "digital late fusion",
        "Each UE sends learned bits with a channel code; the BS decodes both, and fuses what it has decoded.",
        "figures",
    ),
    "lead": Term(
        "lead",
        "The mIoU of one scheme minus that of another. One point is 0.01.",
        "claims",
    ),
    "mfnet": Term(
        "MFNet",
        "A published network, and data set, for segmentation of RGB and thermal pictures. Here it sees "
        "raw pictures, without a channel.",
        "tables",
    ),
    "miou": Term(
        "mIoU",
        "Mean over the classes of the intersection over union, from 0 to 1: how well the predicted mask "
        "covers the true one.",
        "tables",
    ),
    "mmse": Term(
        "MMSE detection",
        "The linear receiver with the least mean square error of the detected symbols.",
        "tables",
    ),
    "nmse": Term(
        "NMSE",
        "Error of a channel estimate over the channel's power [dB]. Lower is better.",
        "tables",
    ),
    "noma": Term(
        "non-orthogonal access",
        "Both UEs send at the same time on the same frequencies. The network at the BS separates, or "
        "fuses, them.",
        "figures",
    ),
    "oma": Term(
        "orthogonal access",
        "Each UE uses half of the subcarriers alone.",
        "figures",
    ),
    "onnx": Term(
        "ONNX unit",
        "A part of a station as a file that runs without PyTorch.",
        "deployment",
    ),
    "parity": Term(
        "masks equal",
        "The share of pixels with the same class in ONNX Runtime and in PyTorch.",
        "deployment",
    ),
    "pca": Term(
        "PCA precoding",
        "Beams along the principal directions of the fed back channel.",
        "tables",
    ),
    "phase": Term(
        "common phase",
        "The phase that all symbols of a UE share at the BS after the prediction. Tracking estimates "
        "and removes it.",
        "robustness",
    ),
    "pilots": Term(
        "pilots",
        "Known symbols among the data, here for tracking the common phase.",
        "robustness",
    ),
    "point": Term(
        "operating point",
        "SNR, L, B and Q together. At the reference point the axes of Figs. 8 to 11 cross.",
        "run",
    ),
    "preamble": Term(
        "preamble",
        "The known sequence, of L symbols, that tells a device from the others.",
        "specialists",
    ),
    "precoding": Term(
        "precoding",
        "The choice of the beams, and of their powers, with which a station sends.",
        "tables",
    ),
    "premise": Term(
        "premise",
        "What a statement presupposes, such as a lead that grows. Without it the comparison is void.",
        "claims",
    ),
    "profile": Term(
        "profile",
        "The sizes of a run: smoke only shows that everything runs, small takes two hours, study is "
        "what reports/ holds, paper has the paper's sizes.",
        "run",
    ),
    "q": Term(
        "Q",
        "The number of OFDM symbols with data.",
        "rows",
    ),
    "row": Term(
        "row",
        "One scheme measured at one operating point over the whole test part.",
        "rows",
    ),
    "se": Term(
        "spectral efficiency",
        "Bits that a channel could carry in a second and hertz with the chosen beams [bit/s/Hz].",
        "tables",
    ),
    "seed": Term(
        "training seed",
        "The start of the random numbers of a training. Curves, leads and claims are means over all "
        "trained seeds; tables of schemes and rows are of one training each.",
        "tables",
    ),
    "separated": Term(
        "separated design",
        "A classical chain: estimate the channel, choose beams, detect symbols, decode. Only the source "
        "codec sees pictures.",
        "figures",
    ),
    "sgcs": Term(
        "SGCS",
        "Squared cosine similarity of the estimated and the true channel, at most 1. Higher is better.",
        "tables",
    ),
    "share": Term(
        "share",
        "How much of the way from the floor to the ceiling is reached: 0 % is the constant prediction, "
        "100 % the error-free link.",
        "summary",
    ),
    "snr": Term(
        "SNR",
        "Transmit power of a UE over the noise power at one BS antenna [dB]. Beams add up to 27 dB with "
        "64 x 8 antennas.",
        "rows",
    ),
    "slot": Term("slot", "14 OFDM symbols, the unit in which a cell schedules.", "deployment"),
    "srs": Term(
        "SRS",
        "Sounding reference signals: a UE sends them so that the BS can measure the channel.",
        "fusion",
    ),
    "stages": Term(
        "Stages I to III",
        "The training: I, semantic networks over an error-free link; II, the physical layer for "
        "spectral efficiency; III, all jointly.",
        "tables",
    ),
    "thermal": Term(
        "thermal picture",
        "What UE 2 sees: heat, in shades of grey. UE 1 sees colours (RGB).",
        "figures",
    ),
    "tracked": Term(
        "tracked phases",
        "Our form: besides, the BS finds the common phase that is left of each UE, from the mean of its "
        "symbols, with few pilots or none.",
        "figures",
    ),
    "ue": Term(
        "UE",
        "User equipment: one of the two cars, with 8 antennas in the study.",
        "summary",
    ),
    "verdict": Term(
        "verdict",
        "Computed from intervals: reproduced if every comparison holds, not reproduced if one fails, "
        "does not apply if a premise fails, else inconclusive.",
        "claims",
    ),
}


def scheme_terms() -> dict[str, str]:
    """Return what each scheme is, the constant prediction among them."""
    return {**{name: row.title for name, row in SCHEMES.items()}, FLOOR: "every pixel unlabelled (the floor)"}
