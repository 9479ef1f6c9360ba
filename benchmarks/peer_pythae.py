"""The peer's half of benchmarks/training.py; runs in pythae's environment, without nav_utils.

Arguments: images file, output file, epochs, adversarial scale, reconstruction scale, learning rate,
seed, threads, number of training images.
"""

import sys
import time

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import Adversarial_AE, Adversarial_AE_Config
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseDiscriminator, BaseEncoder
from pythae.trainers import AdversarialTrainer, AdversarialTrainerConfig
from safetensors.torch import load_file, save_file
from torch import nn


def mlp(*sizes):
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(n_in, n_out), nn.SiLU()]
    return nn.Sequential(*layers[:-1])


class Encoder(BaseEncoder):
    def __init__(self):
        super().__init__()
        self.layers = mlp(784, 512, 256, 2)

    def forward(self, x):
        z = self.layers(x.flatten(1))
        return ModelOutput(embedding=z, log_covariance=torch.zeros_like(z))


class Decoder(BaseDecoder):
    def __init__(self):
        super().__init__()
        self.layers = mlp(2, 256, 512, 784)

    def forward(self, z):
        return ModelOutput(reconstruction=self.layers(z).sigmoid().unflatten(-1, (1, 28, 28)))


class Discriminator(BaseDiscriminator):
    def __init__(self):
        super().__init__()
        self.layers = mlp(2, 128, 128, 1)

    def forward(self, z):
        return ModelOutput(embedding=self.layers(z).sigmoid())


def main(given, got, epochs, scale, reconstruction_scale, rate, seed, threads, n_train):
    torch.set_num_threads(int(threads))
    torch.manual_seed(int(seed))
    images = load_file(given)["images"]
    train = BaseDataset(images[: int(n_train)], torch.zeros(int(n_train)))
    config = Adversarial_AE_Config(
        input_dim=(1, 28, 28),
        latent_dim=2,
        reconstruction_loss="bce",
        adversarial_loss_scale=float(scale),
        reconstruction_loss_scale=float(reconstruction_scale),
        deterministic_posterior=True,
    )
    model = Adversarial_AE(config, Encoder(), Decoder(), Discriminator())
    training = AdversarialTrainerConfig(
        output_dir="run",
        num_epochs=int(epochs),
        per_device_train_batch_size=256,
        autoencoder_learning_rate=float(rate),
        discriminator_learning_rate=float(rate),
        discriminator_optimizer_params={"betas": (0.5, 0.99)},
        no_cuda=True,
        seed=int(seed),
    )
    trainer = AdversarialTrainer(model=model, train_dataset=train, training_config=training)
    start = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    for _ in trainer.get_train_dataloader(train):
        pass
    loading = (time.perf_counter() - start) * int(epochs)
    with torch.no_grad():
        codes = torch.cat([model.encoder(x).embedding for x in images.split(10_000)])
        logits = model.decoder.layers(codes[int(n_train) :]).unflatten(-1, (1, 28, 28))
    save_file({"codes": codes, "logits": logits, "seconds": torch.tensor([seconds, loading])}, got)


if __name__ == "__main__":
    main(*sys.argv[1:])
