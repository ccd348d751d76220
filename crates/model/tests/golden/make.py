"""Makes the tiny models beside this file and the values that `transformers` computes with them.

    pip install torch==2.11.0 transformers==5.23.0 && python make.py [MINILM_DIRECTORY]

The models are random; their vocabularies are made from the sentences below, in an order that may differ each time. With the directory of all-MiniLM-L6-v2 its values
are made too. Everything is written anew.
"""

import json
import pathlib
import shutil
import sys

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModel,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
    get_linear_schedule_with_warmup,
)

HERE = pathlib.Path(__file__).parent
TEXTS = [
    "A good film with a fine plot .",
    "dull , slow and far too long",
    "",
    "Café owners don't re-watch naïve thrillers !",
    "the the the the the the the the the the the the the the the the the the the the the the the the the the",
    "one [CLS] two <s> three [MASK] four",
    "电影 🎬 is great",
]


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    alphabet = list("abcdefghijklmnopqrstuvwxyz0123456789.,!?'-")
    tokenizer.train_from_iterator(
        TEXTS * 5, trainers.WordPieceTrainer(vocab_size=180, special_tokens=special, initial_alphabet=alphabet)
    )
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    # As published tokenizers do; readers have to undo it.
    tokenizer.enable_padding(length=12, pad_id=0, pad_token="[PAD]")
    tokenizer.enable_truncation(12)
    return tokenizer


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        TEXTS * 5, trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=alphabet)
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def encoder(tokenizer, **more):
    return dict(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=24,
        initializer_range=0.3,
        **more,
    )


def randomize(model):
    """Random biases and norms too: with the usual zeros and ones a swapped tensor would go unnoticed."""
    with torch.no_grad():
        for tensor in model.parameters():
            if tensor.dim() == 1:
                tensor.add_(0.3 * torch.randn_like(tensor))
    return model.eval()


def rounded(tensor):
    return [float(f"{value:.9g}") for value in tensor.flatten().tolist()]


def values(model, tokenizer, padding):
    tokenizer = Tokenizer.from_str(tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    longest = model.config.max_position_embeddings - (padding + 1 if model.config.model_type == "roberta" else 0)
    rows = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        rows.append(ids if len(ids) <= longest else ids[: longest - 1] + ids[-1:])
    width = max(map(len, rows))
    tokens = torch.tensor([row + [padding] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    with torch.no_grad():
        output = model(input_ids=tokens, attention_mask=mask, output_hidden_states=True)
    result = {"texts": TEXTS, "tokens": rows}
    states = output.hidden_states
    result["states"] = [rounded(state[:, 0, :8]) for state in states]
    if hasattr(output, "logits"):
        logits = output.logits
        result["shape"] = list(logits.shape)
        # Of a masked language model, one token's logits.
        result["logits"] = rounded(logits if logits.dim() == 2 else logits[:, 0, :])
    return result


def make(name, model, tokenizer, padding, shard=None):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    model = randomize(model)
    model.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "golden.json").write_text(json.dumps(values(model, tokenizer, padding)) + "\n")


def train():
    """Six steps of AdamW on the tiny BERT, every text in each, without dropout: the losses, and where the weights end."""
    folder = HERE / "tiny-bert"
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    rows = json.loads((folder / "golden.json").read_text())["tokens"]
    width = max(map(len, rows))
    tokens = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    classes = torch.arange(len(rows)) % 3
    decaying = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": decaying, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimizer, 0, 6)
    losses, norms = [], []
    for _ in range(6):
        optimizer.zero_grad()
        loss = model(input_ids=tokens, attention_mask=mask, labels=classes).loss
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)))
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    some = lambda tensor: tensor.detach().flatten()[:: max(1, tensor.numel() // 8)]
    weights = {name.removeprefix("bert."): rounded(some(tensor)) for name, tensor in model.named_parameters()}
    golden = {"losses": losses, "norms": norms, "weights": weights}
    (folder / "training.json").write_text(json.dumps(golden) + "\n")


def main():
    torch.manual_seed(20)
    bert, roberta = wordpiece(), byte_level()
    bert_config = BertConfig(**encoder(bert, max_position_embeddings=24, num_labels=3))
    roberta_config = RobertaConfig(**encoder(roberta, max_position_embeddings=66, type_vocab_size=1, num_labels=2))
    make("tiny-bert", BertForSequenceClassification(bert_config), bert, 0)
    make("tiny-bert-gaps", BertForMaskedLM(bert_config), bert, 0, shard="20KB")
    make("tiny-roberta", RobertaForSequenceClassification(roberta_config), roberta, 1)
    make("tiny-roberta-gaps", RobertaForMaskedLM(roberta_config), roberta, 1)
    train()
    if len(sys.argv) > 1:
        folder = pathlib.Path(sys.argv[1])
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        golden = values(AutoModel.from_pretrained(folder).eval(), tokenizer, 0)
        (HERE / "minilm.json").write_text(json.dumps(golden) + "\n")


main()
