"""The same answers from Ray Data as from `correct`; where ray is not installed, skipped."""

import pytest
import torch

from nav_utils.correction import correct
from nav_utils.on_ray import Worker, corrected_dataset
from nav_utils.pretrained import load_ratio

Z = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
WANTED = correct(Z, load_ratio("digits-2d"), "gauss_newton", "below")


def test_a_worker_corrects_a_batch():
    found = Worker("digits-2d", "cpu")({"z": Z.numpy()})
    assert torch.equal(torch.tensor(found["z"]), WANTED.z)
    assert torch.equal(torch.tensor(found["status"]), WANTED.status)


def test_a_dataset_is_corrected_by_several_workers():
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        codes = ray.data.from_numpy([Z[:300].numpy(), Z[300:].numpy()])
        codes = codes.rename_columns({"data": "z"})
        rows = corrected_dataset(codes, "digits-2d").take_all()
    finally:
        ray.shutdown()
    found = {tuple(row["z"].tolist()): int(row["status"]) for row in rows}
    torch.testing.assert_close(
        torch.tensor(sorted(found)), torch.tensor(sorted(map(tuple, WANTED.z.tolist())))
    )
    assert sorted(found.values()) == sorted(WANTED.status.tolist())
