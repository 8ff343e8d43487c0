"""Asks a Safelight server everything through OpenAI's own client, and prints what it got as one JSON object.

usage: client.py <base url>
"""

import base64
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)


def generate(prompt, **asked):
    return client.images.generate(prompt=prompt, size="256x256", **asked)


def raised(call):
    """What the client makes of an error, and what a program can read from it."""
    try:
        call()
    except openai.APIError as error:
        return {
            "class": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "code": error.code,
            "param": error.param,
            "body": error.body,
        }
    return None


pictures = generate("a red boat", n=2, extra_body={"safelight": {"seed": 3}})
jpeg = generate("a red boat", output_format="jpeg", output_compression=60)
address = generate("a red boat", response_format="url")
streamed = list(generate("a red boat", stream=True, partial_images=2))
moderation = client.moderations.create(input=["a boat", "safelight-test:prompt:hate:0.9"])
data_url = "data:image/png;base64," + pictures.data[0].b64_json
together = client.moderations.create(
    input=[{"type": "text", "text": "a boat"}, {"type": "image_url", "image_url": {"url": data_url}}]
)

print(
    json.dumps(
        {
            "version": openai.__version__,
            "pictures": [base64.b64decode(each.b64_json)[:8].hex() for each in pictures.data],
            "action": pictures.safelight["action"],
            "tokens": pictures.usage.total_tokens,
            "jpeg": base64.b64decode(jpeg.data[0].b64_json)[:3].hex(),
            "url": address.data[0].url,
            "streamed": [[event.type, event.output_format, event.safelight["index"]] for event in streamed],
            "refused": raised(lambda: generate("a safelight-test:prompt:violence:1.0")),
            "unsafe": raised(lambda: generate("a safelight-test:image:sexual:0.97")),
            "stream_refused": raised(lambda: list(generate("safelight-test:image:sexual:0.97", stream=True))),
            "parameter": raised(lambda: generate("a boat", background="transparent")),
            "model": raised(lambda: generate("a boat", model="nope")),
            "failed": raised(lambda: generate("safelight-test:generator:error")),
            "flagged": [result.flagged for result in moderation.results],
            "hate": [moderation.results[1].categories.hate, moderation.results[1].category_scores.hate],
            "together": [
                together.results[0].flagged,
                together.results[0].categories.violence_graphic,
                together.results[0].category_applied_input_types.sexual,
            ],
            "unknown": raised(lambda: client.moderations.create(input="safelight-test:prompt:error")),
            "models": [model.id for model in client.models.list()],
            "retrieved": client.models.retrieve("safelight-moderation:default").owned_by,
        }
    )
)
