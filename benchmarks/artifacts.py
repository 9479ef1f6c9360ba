"""Artifacts: are the odd images on a path from a 1 to a 3 noise, or like the data?

    OMP_NUM_THREADS=1 python benchmarks/artifacts.py    # a quarter of an hour of one core

Needs MNIST (NAV_UTILS_DATA). Writes benchmarks/results/artifacts.json.

The definitions below were written, and committed, before anything was measured. No judge uses the
discriminator, and none uses the autoencoder whose images it judges.

Images. `fit`: the first 50,000 training images. `calibration`: the first half of the test images
(`halves`). `pool`: the second half. Judges learn from `fit`; `calibration` says what is usual; ends
of paths and all controls come from `pool`.

Judges. Each gives an image x a p-value: the rank of its score among those of the n calibration
images, p(x) = (1 + number of them at least as strange) / (n + 1). For a new real image P(p <= t) is
at most t (split conformal; marginal, not for each kind of image). An image is *strange* to a judge
if p < 0.05.
  features   the distance to the 10th nearest of 20,000 fit images in the features of a small
             convolutional network that learnt without labels: two views of an image (turned by at
             most 15 degrees, scaled, sheared, shifted; no noise, no blur) have to be found among
             the views of others (SimCLR). Far is strange.
  pixels     the distance to the nearest of the same images, pixel by pixel. Far is strange.
  density    log p of the image at 14 x 14 pixels and 8 grey levels by a small autoregressive
             network (PixelCNN). Both tails are strange: p = twice the smaller of both ranks.
A judge *counts* if it calls at least half of the shuffled noise and half of the crossfades strange,
and of real images 5 % within chance. One that does not is shown and is left out of the verdict.

Ambiguous: the entropy of the classifier of pixels (`load_classifier`) is above that of 95 % of the
calibration images. Hybrid: ambiguous, and the two likeliest classes have 0.9 of the probability
together and each at least 0.1. Noise-like: as far by `features` as 95 % of the shuffled noise.
In distribution: strange to no judge that counts.

Paths. From codes of one class to codes of another: 1 to 3 (the text's), 4 to 9, 3 to 8, 0 to 1, in
`mnist-2d` and `mnist-16d`, 24 places on each, evenly spaced, without the ends:
  line; SLERP; each of them with the literal correction to D = 1/2 of all points (eta 0.3, the
  calmest of chapter 09); graph and string with the discriminator.

Controls. Real images; ambiguous real images (a share of p-values that holds for all need not hold
for these: the fair null of a hybrid); real images rebuilt by the model (what its decoder adds
whatever the path); lines inside a class; blurred real images; pixel crossfades of two classes with
shares from 0.3 to 0.7 (must fail); images with their pixels shuffled (must fail); hybrids by hand:
the upper half of an image of one class over the lower half of one of the other.

Rules for the verdict on C12, on places with |D - 1/2| < 0.1 of the corrected paths. *Noise*: more
than 5 % of the hybrids are noise-like. *In distribution*: hybrids are strange no more often than
ambiguous real images are (the interval of the difference over pairs does not lie above 0). If not,
it is told whether they are strange more often than rebuilt images, and than hybrids by hand.
Intervals are 95 %, over pairs of ends (`intervals`).
"""
