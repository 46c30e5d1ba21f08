# %% [markdown]
# # Reading the evidence
#
# Every result of the project is a row of a file in `reports/`, with its 95 % interval, and with
# digests of the model and the data that it came from. The statements of the paper are judged by
# fixed rules from these rows. This notebook reads them.
#
# The files are in a clone, not in the package. Outside of a clone this notebook says so, and
# measures something small instead.

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt

import cscsanet

here = Path.cwd()
clone = next(
    (folder for folder in (here, *here.parents) if (folder / "reports" / "claims.json").exists()), None
)
if clone is None:
    print("not in a clone: there are no reports; the cells below measure a few frames instead")


def report(name):
    """Return the content of a report."""
    return json.loads((clone / "reports" / f"{name}.json").read_text())


# %% [markdown]
# ## A row
#
# `evaluation.json` has one row for each scheme and SNR.

# %%
if clone:
    rows = report("evaluation")
    row = next(each for each in rows if each["scheme"] == "noma-tracked" and each["snr_db"] == -10)
    for key in ("scheme", "snr_db", "csirs_symbols", "feedback_bits", "data_symbols", "images"):
        print(f"{key:16s}", row[key])
    print(f"{'miou':16s} {row['miou']:.3f} [{row['ci_low']:.3f}, {row['ci_high']:.3f}]")
    print(f"{'model':16s} {row['model'][:12]}...  scenes {row['scenes_digest'][:12]}...")
else:
    scenes = cscsanet.render_scenes(16, seed=4000)
    print(cscsanet.load("noma-tracked").evaluate(scenes, snr_db=-10))

# %% [markdown]
# ## Intervals
#
# The test frames come from streets, and frames of one street are alike. So the bootstrap draws
# streets, not frames. An interval of a single scheme says how sure its level is. Two schemes are
# compared by the interval of their **difference**, frame by frame, which is much narrower:
# overlapping intervals of levels say nothing about a lead.

# %%
schemes = ("noma", "noma-aligned", "noma-tracked", "dlcsi-pca")
figure, axis = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for scheme in schemes:
    if clone:
        curve = sorted((each for each in rows if each["scheme"] == scheme), key=lambda each: each["snr_db"])
        points = [(each["snr_db"], each["miou"], each["ci_low"], each["ci_high"]) for each in curve]
    else:
        results = [cscsanet.load(scheme).evaluate(scenes, snr_db=snr_db) for snr_db in (-40, -25, -10)]
        points = [(each.point.snr_db, each.miou, each.low, each.high) for each in results]
    snrs, values, lows, highs = zip(*points, strict=True)
    (line,) = axis.plot(snrs, values, marker="o", label=scheme)
    axis.fill_between(snrs, lows, highs, color=line.get_color(), alpha=0.2)
axis.set(xlabel="SNR [dB]", ylabel="mIoU, 95 % interval")
axis.legend()
plt.show()

# %% [markdown]
# ## Leads at equal resources
#
# Schemes with pilots use more elements than schemes without. `equal.json` compares all of them at
# equal resource elements and energy of a block, pilots and DMRS counted. A lead whose interval
# holds zero is no lead.

# %%
if clone:
    for lead in report("equal")["leads"]:
        if lead["scheme"] == "noma-tracked" and lead["rival"].startswith(("dlcsi-pca", "digital")):
            sure = "" if lead["ci_low"] <= 0 <= lead["ci_high"] else "  (zero is outside)"
            print(
                f"{lead['snr_db']:5.0f} dB, {lead['elements']} elements, over {lead['rival']:15s} "
                f"{100 * lead['lead']:+5.1f} points [{100 * lead['ci_low']:+.1f}, {100 * lead['ci_high']:+.1f}]{sure}"
            )

# %% [markdown]
# ## Claims
#
# Each statement of the paper has a rule, comparisons and a verdict. The report says itself how it
# judges.

# %%
if clone:
    claims = report("claims")
    for name in ("comparison", "reproduced", "not reproduced", "inconclusive"):
        print(f"{name}: {claims['rules'][name]}")

# %%
if clone:
    for claim in claims["claims"]:
        print(f"{claim['id']:5s} {claim['judged']['paper']['verdict']:16s} {claim['statement'][:90]}")

# %% [markdown]
# One of them in full. `value` is the estimate of a comparison, and `threshold` what it must exceed.

# %%
if clone:
    claim = claims["claims"][0]
    print(claim["statement"])
    print("rule:", claim["rule"])
    for comparison in claim["judged"]["paper"]["comparisons"][:2]:
        print(
            f"- {comparison['what']}: {comparison['value']:+.3f} "
            f"[{comparison['ci_low']:+.3f}, {comparison['ci_high']:+.3f}], {comparison['holds']}"
        )
        print("  rows:", ", ".join(comparison["rows"]))

# %% [markdown]
# ## Where a number comes from
#
# A row names the digest of its model, and the weights carry the digests of the data that they were
# trained on. So every number can be followed back. `docs/evidence.md` describes rules, seeds and
# intervals, and `reports/index.html` shows all of it on one page.

# %%
if clone:
    shipped = json.loads((clone / "src" / "cscsanet" / "shipped" / "manifest.json").read_text())
    known = {entry["full_precision"]: name for name, entry in shipped["models"].items()}
    print("the row above was measured with", known.get(row["model"], "a model that is not in the package"))
