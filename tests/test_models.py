"""The networks: shapes, seeds, clear refusals."""

import numpy as np
import pytest
import torch

from nav_utils.models import AAE, VAE, Autoencoder, Classifier, mlp


@pytest.mark.parametrize("kind", [Autoencoder, VAE, AAE])
def test_codes_and_images_have_the_promised_shapes(kind):
    model = kind((1, 8, 8), 3, hidden=(16, 12))
    z = model.encode(torch.rand(5, 1, 8, 8))
    assert z.shape == (5, 3)
    images = model.decode(z.reshape(5, 1, 3))
    assert images.shape == (5, 1, 1, 8, 8)
    assert images.min() >= 0 and images.max() <= 1


def test_the_decoder_mirrors_the_encoder_unless_told_otherwise():
    widths = [layer.out_features for layer in AAE((1, 8, 8), 2, (16, 12)).decoder[::2]]
    assert widths == [12, 16, 64]
    widths = [layer.out_features for layer in AAE((1, 8, 8), 2, (16, 12), (7, 9)).decoder[::2]]
    assert widths == [7, 9, 64]


def test_weights_depend_on_the_seed_argument_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    a, b, c = AAE((1, 8, 8), 2), AAE((1, 8, 8), 2), AAE((1, 8, 8), 2, seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    for name, weight in a.state_dict().items():
        assert torch.equal(weight, b.state_dict()[name])
    assert not torch.equal(a.encoder[0].weight, c.encoder[0].weight)
    assert not torch.equal(a.discriminator[0].weight, c.discriminator[0].weight)


def test_a_model_can_be_rebuilt_from_its_config():
    model = AAE((1, 8, 8), 2, (16, 12), (7, 9), (5,), seed=3)
    twin = AAE(**model.config)
    assert [p.shape for p in twin.parameters()] == [p.shape for p in model.parameters()]
    assert torch.equal(twin.encoder[0].weight, model.encoder[0].weight)


def test_the_logit_has_one_value_for_each_latent_and_does_not_depend_on_its_neighbours():
    model = AAE((1, 8, 8), 2)
    z = torch.randn(6, 4, 2, generator=torch.Generator().manual_seed(0))
    logit = model.logit(z)
    assert logit.shape == (6, 4)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    torch.testing.assert_close(model.logit(z[order]), logit[order])
    torch.testing.assert_close(model.logit(z[2, 1]), logit[2, 1])


def test_the_variational_encoder_gives_its_mean_as_the_code():
    model, x = VAE((1, 8, 8), 2), torch.rand(4, 1, 8, 8)
    mean, log_variance = model.posterior(x)
    assert mean.shape == log_variance.shape == (4, 2)
    assert torch.equal(model.encode(x), mean)


def test_mlp_ends_in_a_linear_layer():
    layers = [type(layer).__name__ for layer in mlp([4, 3, 2])]
    assert layers == ["Linear", "SiLU", "Linear"]


def test_classifier_maps_images_to_class_logits():
    assert Classifier()(torch.rand(3, 1, 28, 28)).shape == (3, 10)


TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]


@pytest.mark.parametrize("given", TYPES)
@pytest.mark.parametrize("own", TYPES)
def test_a_model_computes_in_its_own_type_and_answers_in_that_of_what_it_is_given(own, given):
    model, judge, vae = AAE((1, 8, 8), 2).to(own), Classifier().to(own), VAE((1, 8, 8), 2).to(own)
    generator = torch.Generator().manual_seed(0)
    z = (8 * torch.randn(5, 2, generator=generator)).round() / 8  # exact in every type
    x = torch.randint(2, (5, 1, 8, 8), generator=generator).float()
    large = torch.randint(2, (2, 1, 28, 28), generator=generator).float()
    calls = [(model.encode, x), (model.decode, z), (model.decode_logits, z), (model.logit, z)]
    calls += [(judge, large), (vae.encode, x), (lambda x: vae.posterior(x)[1], x)]
    for call, argument in calls:
        answer = call(argument.to(given))
        assert answer.dtype == given
        assert torch.equal(answer, call(argument.to(own)).to(given)) or call == model.decode
    assert all(p.dtype == own for p in model.parameters())


def test_gradients_flow_through_a_change_of_type():
    model, z = AAE((1, 8, 8), 2).double(), torch.zeros(3, 2, requires_grad=True)
    model.decode(z).sum().backward()
    assert z.grad.dtype == torch.float32 and bool((z.grad != 0).any())
    assert model.decoder[0].weight.grad.dtype == torch.float64


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.encode(torch.rand(2, 64)), r"shape \(..., 1, 8, 8\), got \(2, 64\)"),
        (lambda m: m.encode(torch.zeros(2, 1, 8, 8).byte()), "images: expected a floating-point"),
        (lambda m: m.encode([[0.0]]), "got a list"),
        (lambda m: m.encode(np.zeros((2, 1, 8, 8))), "got a ndarray; torch.from_numpy makes"),
        (lambda m: m.decode(torch.rand(2, 3)), r"latents: expected shape \(..., 2\), got \(2, 3\)"),
        (lambda m: m.logit(torch.rand(4)), r"latents: expected shape \(..., 2\), got \(4,\)"),
        (lambda m: m.logit(torch.zeros(4, 2, dtype=torch.long)), "got a torch.int64 tensor"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused_with_what_was_expected_and_what_came(call, words):
    with pytest.raises(ValueError, match=words):
        call(AAE((1, 8, 8), 2))
