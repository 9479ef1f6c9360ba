"""Helpers of the course 'Navigating Latent Space with a Discriminator'.

Every name below can be imported from here, `from nav_utils import fit_ratio, navigate`, or from the
module where it is written. Importing the package alone loads no other module; a name brings its own
when it is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.2.0"  # the one place that knows it: pyproject.toml reads it here

# What tools see that do not run the code (type checkers, editors); NAMES says the same to Python.
if TYPE_CHECKING:
    from nav_utils.calibration import CalibrationReport as CalibrationReport
    from nav_utils.calibration import calibration_report as calibration_report
    from nav_utils.correction import Correction as Correction
    from nav_utils.correction import correct as correct
    from nav_utils.data import ImageData as ImageData
    from nav_utils.data import load_images as load_images
    from nav_utils.densities import GaussianMixture as GaussianMixture
    from nav_utils.densities import StandardNormal as StandardNormal
    from nav_utils.densities import c_shape as c_shape
    from nav_utils.densities import kde_bandwidth as kde_bandwidth
    from nav_utils.densities import kde_log_prob as kde_log_prob
    from nav_utils.densities import knn_distance as knn_distance
    from nav_utils.densities import ring as ring
    from nav_utils.densities import two_clusters as two_clusters
    from nav_utils.diffusion import Denoiser as Denoiser
    from nav_utils.diffusion import denoiser_loss as denoiser_loss
    from nav_utils.diffusion import draw_samples as draw_samples
    from nav_utils.diffusion import heun as heun
    from nav_utils.diffusion import noise_levels as noise_levels
    from nav_utils.diffusion import train_denoiser as train_denoiser
    from nav_utils.encoding import encode_all as encode_all
    from nav_utils.evaluation import Hole as Hole
    from nav_utils.evaluation import PathReport as PathReport
    from nav_utils.evaluation import Reference as Reference
    from nav_utils.evaluation import evaluate as evaluate
    from nav_utils.evaluation import find_holes as find_holes
    from nav_utils.evaluation import halves as halves
    from nav_utils.evaluation import hole_mass as hole_mass
    from nav_utils.explorer import Explorer as Explorer
    from nav_utils.explorer import to_html as to_html
    from nav_utils.fitting import fit_ratio as fit_ratio
    from nav_utils.fitting import logistic_loss as logistic_loss
    from nav_utils.fitting import platt as platt
    from nav_utils.graphs import LatentGraph as LatentGraph
    from nav_utils.graphs import cheapest as cheapest
    from nav_utils.graphs import latent_graph as latent_graph
    from nav_utils.history import History as History
    from nav_utils.interpolation import arcs as arcs
    from nav_utils.interpolation import lerp as lerp
    from nav_utils.interpolation import slerp as slerp
    from nav_utils.interpolation import slerp_or_lerp as slerp_or_lerp
    from nav_utils.judging import accuracy as accuracy
    from nav_utils.judging import train_classifier as train_classifier
    from nav_utils.models import AAE as AAE
    from nav_utils.models import VAE as VAE
    from nav_utils.models import Autoencoder as Autoencoder
    from nav_utils.models import Classifier as Classifier
    from nav_utils.models import mlp as mlp
    from nav_utils.navigation import Graph as Graph
    from nav_utils.navigation import Path as Path
    from nav_utils.navigation import PathStatus as PathStatus
    from nav_utils.navigation import Planner as Planner
    from nav_utils.navigation import Pointwise as Pointwise
    from nav_utils.navigation import Stepwise as Stepwise
    from nav_utils.navigation import Straight as Straight
    from nav_utils.navigation import String as String
    from nav_utils.navigation import navigate as navigate
    from nav_utils.pictures import Pictures as Pictures
    from nav_utils.pictures import load_folder as load_folder
    from nav_utils.playground import Playground as Playground
    from nav_utils.plots import decoded_rows as decoded_rows
    from nav_utils.plots import image_grid as image_grid
    from nav_utils.plots import plot_codes as plot_codes
    from nav_utils.plots import plot_map as plot_map
    from nav_utils.pretrained import load_classifier as load_classifier
    from nav_utils.pretrained import load_denoiser as load_denoiser
    from nav_utils.pretrained import load_pretrained as load_pretrained
    from nav_utils.pretrained import load_ratio as load_ratio
    from nav_utils.priors import Box as Box
    from nav_utils.priors import FullMixture as FullMixture
    from nav_utils.priors import Prior as Prior
    from nav_utils.priors import TorchPrior as TorchPrior
    from nav_utils.priors import as_prior as as_prior
    from nav_utils.priors import petals as petals
    from nav_utils.ratio import DensityRatio as DensityRatio
    from nav_utils.ratio import ExactRatio as ExactRatio
    from nav_utils.ratio import Ratio as Ratio
    from nav_utils.ratio import Region as Region
    from nav_utils.running import Run as Run
    from nav_utils.running import Status as Status
    from nav_utils.spaces import LatentSpace as LatentSpace
    from nav_utils.spaces import load_space as load_space
    from nav_utils.steps import Band as Band
    from nav_utils.steps import Below as Below
    from nav_utils.steps import Denser as Denser
    from nav_utils.steps import GaussNewton as GaussNewton
    from nav_utils.steps import Goal as Goal
    from nav_utils.steps import Logit as Logit
    from nav_utils.steps import Method as Method
    from nav_utils.steps import Probability as Probability
    from nav_utils.steps import Score as Score
    from nav_utils.strings import evenly_spaced as evenly_spaced
    from nav_utils.strings import relaxed as relaxed
    from nav_utils.training import train_aae as train_aae
    from nav_utils.training import train_autoencoder as train_autoencoder
    from nav_utils.training import train_vae as train_vae

NAMES = {  # of each module, what can be imported from here
    "data": "ImageData load_images",
    "pictures": "Pictures load_folder",
    "densities": "GaussianMixture StandardNormal c_shape ring two_clusters "
    "kde_bandwidth kde_log_prob knn_distance",
    "priors": "Box FullMixture Prior TorchPrior as_prior petals",
    "models": "AAE VAE Autoencoder Classifier mlp",
    "history": "History",
    "training": "train_aae train_autoencoder train_vae",
    "diffusion": "Denoiser denoiser_loss draw_samples heun noise_levels train_denoiser",
    "encoding": "encode_all",
    "judging": "accuracy train_classifier",
    "ratio": "DensityRatio ExactRatio Ratio Region",
    "fitting": "fit_ratio logistic_loss platt",
    "calibration": "CalibrationReport calibration_report",
    "interpolation": "arcs lerp slerp slerp_or_lerp",
    "steps": "Band Below Denser GaussNewton Goal Logit Method Probability Score",
    "running": "Run Status",
    "correction": "Correction correct",
    "strings": "evenly_spaced relaxed",
    "graphs": "LatentGraph cheapest latent_graph",
    "navigation": "Graph Path PathStatus Planner Pointwise Stepwise Straight String navigate",
    "evaluation": "Hole PathReport Reference evaluate find_holes halves hole_mass",
    "spaces": "LatentSpace load_space",
    "pretrained": "load_classifier load_denoiser load_pretrained load_ratio",
    "plots": "decoded_rows image_grid plot_codes plot_map",
    "explorer": "Explorer to_html",
    "playground": "Playground",
}
HOMES = {name: module for module, names in NAMES.items() for name in names.split()}


if not TYPE_CHECKING:  # a type checker would believe that there is every name

    def __getattr__(name):
        """A public name, from its module; PEP 562."""
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{HOMES[name]}"), name)
        globals()[name] = value  # the next time Python finds it by itself
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *HOMES})
