"""Asks a server's /aws with boto3, as the reference design does, and prints what came back as JSON.

usage: client.py ENDPOINT ACCESS_KEY_ID SECRET PICTURE
"""

import base64
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, key_id, secret, picture = sys.argv[1:]
PROMPT = {"width": 64, "height": 64, "seed": 7}


def client(service, secret=secret, key_id=key_id):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


def failure(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        response = error.response
        return {
            "class": type(error).__name__,
            "code": response["Error"]["Code"],
            "message": response["Error"]["Message"],
            "status": response["ResponseMetadata"]["HTTPStatusCode"],
            "original": response.get("OriginalMessage"),
        }
    return None


def invoke(body, accept="application/json;jpeg", content_type="application/json"):
    response = client("sagemaker-runtime").invoke_endpoint(
        EndpointName="default", ContentType=content_type, Accept=accept, Body=body
    )
    return json.loads(response["Body"].read())


with open(picture, "rb") as file:
    image = {"Bytes": file.read()}
rekognition = client("rekognition")
comprehend = client("comprehend")
runtime = client("sagemaker-runtime")
classifier = "arn:aws:comprehend:us-east-1:111122223333:document-classifier-endpoint/prompt-mod"
toxic = "a castle safelight-test:prompt:violence:1.0"

labels = rekognition.detect_moderation_labels(Image=image, MinConfidence=60)
jpegs = invoke(json.dumps({"prompt": "a red boat", "num_images_per_prompt": 2, **PROMPT}).encode())
pixels = invoke(json.dumps({"prompt": "a red boat", **PROMPT}), accept="application/json")["generated_images"]
plain = invoke("a red boat".encode("utf-8"), accept="application/json", content_type="application/x-text")
stability = invoke(json.dumps({"text_prompts": [{"text": "a red boat"}], **PROMPT}), accept="application/json")

print(
    json.dumps(
        {
            "labels": sorted(label["Name"] for label in labels["ModerationLabels"]),
            "model": labels["ModerationModelVersion"],
            "request_id": labels["ResponseMetadata"]["RequestId"],
            "classes": comprehend.classify_document(Text=toxic, EndpointArn=classifier)["Classes"],
            "toxicity": [
                result["Toxicity"]
                for result in comprehend.detect_toxic_content(
                    TextSegments=[{"Text": "two cats"}, {"Text": toxic}], LanguageCode="en"
                )["ResultList"]
            ],
            "jpegs": [base64.b64decode(one)[:3].hex() for one in jpegs["generated_images"]],
            "prompt": jpegs["prompt"],
            "pixels": [len(pixels), len(pixels[0]), len(pixels[0][0]), len(pixels[0][0][0])],
            "plain": len(plain["generated_image"]),
            "artifact": [stability["artifacts"][0]["finishReason"], stability["artifacts"][0]["seed"]],
            "s3": failure(rekognition.detect_moderation_labels, Image={"S3Object": {"Bucket": "bucket", "Name": "a"}}),
            "untold": failure(
                comprehend.classify_document, Text="safelight-test:prompt:error", EndpointArn=classifier
            ),
            "language": failure(comprehend.detect_toxic_content, TextSegments=[{"Text": "ein Schloss"}], LanguageCode="de"),
            "refused": failure(
                runtime.invoke_endpoint,
                EndpointName="default",
                ContentType="application/json",
                Body=json.dumps({"prompt": toxic}),
            ),
            "endpoint": failure(runtime.invoke_endpoint, EndpointName="nobody", Body=b"{}"),
            "wrong": failure(client("rekognition", secret="wrong").detect_moderation_labels, Image=image),
            "wrong_runtime": failure(
                client("sagemaker-runtime", secret="wrong").invoke_endpoint, EndpointName="default", Body=b"{}"
            ),
            "unknown": failure(
                client("comprehend", key_id="AKIDNOBODY").detect_toxic_content,
                TextSegments=[{"Text": "a"}],
                LanguageCode="en",
            ),
        }
    )
)
