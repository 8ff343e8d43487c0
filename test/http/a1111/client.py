"""Asks Safelight's AUTOMATIC1111 dialect with the package webuiapi, and prints what came as one JSON object.

Usage: client.py <base url> <name of the key> <secret of the key>
"""

import json
import sys
import threading
import time

import webuiapi

base, user, secret = sys.argv[1:]
api = webuiapi.WebUIApi(baseurl=f"{base}/sdapi/v1", username=user, password=secret)
got = {}

made = api.txt2img(prompt="a red boat", negative_prompt="fog", seed=5, width=256, height=128, n_iter=2)
got["sizes"] = [list(image.size) for image in made.images]
got["seeds"] = made.info["all_seeds"]
got["sampler"] = made.info["sampler_name"]
got["action"] = made.json["safelight"]["action"]

refused = api.txt2img(prompt="a boat safelight-test:prompt:violence:1.0", width=320, height=192)
got["refused"] = [list(refused.image.size), refused.json["safelight"]["state"]]

try:
    api.txt2img(prompt="a boat", enable_hr=True)
except RuntimeError as error:
    status, text = error.args
    got["high_resolution"] = [status, json.loads(text)["detail"][0]["loc"]]

got["models"] = api.util_get_model_names()
got["model"] = api.util_get_current_model()
got["samplers"] = api.util_get_sampler_names()
got["schedulers"] = api.util_get_scheduler_names()
got["set"] = api.set_options({"sd_model_checkpoint": "sketch"})
got["lists"] = [api.get_loras(), api.get_embeddings(), api.get_prompt_styles(), api.get_scripts(), api.refresh_checkpoints()]


def draw_slowly():
    slow = api.txt2img(prompt="a boat safelight-test:generator:delay:20000", steps=12)
    got["interrupted"] = [len(slow.images), slow.json["safelight"]["state"]]


drawing = threading.Thread(target=draw_slowly)
drawing.start()
deadline = time.monotonic() + 10
while api.get_progress()["state"]["job_count"] == 0 and time.monotonic() < deadline:
    time.sleep(0.05)
got["progress"] = api.get_progress()["state"]["sampling_steps"]
got["interrupt"] = api.interrupt()
drawing.join()
api.util_wait_for_ready(check_interval=0.1)

print(json.dumps(got))
