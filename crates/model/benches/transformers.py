"""Times Python's `transformers` on the shapes of `transformer.rs`: MiniLM, two classes, texts per second.

    pip install torch==2.11.0 transformers==5.23.0 && python transformers.py MINILM_DIRECTORY [THREADS]
"""

import sys
import time

sys.path.pop(0)  # This file's own name would hide the package's.

import torch
from transformers import AutoModelForSequenceClassification

STEPS = 10
SHAPES = [(32, 25), (32, 32), (128, 16)]


def median_seconds(work):
    times = []
    for _ in range(STEPS + 2):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times[2:])[STEPS // 2]


def main():
    if len(sys.argv) > 2:
        torch.set_num_threads(int(sys.argv[2]))
    model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1], num_labels=2)
    generator = torch.Generator().manual_seed(0)
    for rows, tokens in SHAPES:
        texts = torch.randint(1000, 20000, (rows, tokens), generator=generator)
        mask = torch.ones(rows, tokens, dtype=torch.long)
        classes = torch.arange(rows) % 2
        model.eval()

        def forward():
            with torch.inference_mode():
                model(input_ids=texts, attention_mask=mask)

        forward_seconds = median_seconds(forward)
        model.train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, weight_decay=0.01)

        def step():
            optimizer.zero_grad()
            model(input_ids=texts, attention_mask=mask, labels=classes).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

        step_seconds = median_seconds(step)
        print(f"{rows}x{tokens}: forward {rows / forward_seconds:.0f}/s, training {rows / step_seconds:.1f}/s")


main()
