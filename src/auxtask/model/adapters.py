"""LoRA on the encoder: few trainable weights while training, a plain model afterwards."""

from typing import Any

from transformers import PreTrainedModel

from auxtask.errors import AuxtaskError


class LoraAdapter:
    """Low-rank adapters (Hu et al. 2022) in the linear layers of an encoder; heads are trained in full.

    Args:
        **fields: fields of `peft.LoraConfig`.

    Raises:
        AuxtaskError: `peft` is not installed.
    """

    def __init__(self, **fields: Any) -> None:
        try:
            from peft import LoraConfig
        except ImportError as error:
            raise AuxtaskError("adapter=lora needs peft; install it with pip install 'auxtask[peft]'") from error
        self.fields = fields
        self.config = LoraConfig(**fields)

    def attach(self, model: PreTrainedModel) -> None:
        """Put adapters into the encoder, in place, and freeze all else in it.

        Args:
            model: a stock model with a head.
        """
        from peft import LoraModel

        self._tuner = LoraModel(model.base_model, self.config, "default")

    def merge(self) -> None:
        """Add the adapters to the weights they adapt and take them out: the encoder is a stock one again."""
        self._tuner.merge_and_unload()
