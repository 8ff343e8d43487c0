"""Starts a DreamBooth fine-tuning of Stable Diffusion as a SageMaker training job, when its prefix in S3 is what was judged.

    safelight scan s3://bucket/dogs --quarantine s3://bucket/held --out ./scan
    python sagemaker_dreambooth.py --manifest scan/manifest.json --public-key 'mC2…=' --source s3://bucket/dogs \\
        --role arn:aws:iam::123456789012:role/train --image <training image> --output s3://bucket/models

The image and the script are those of JumpStart's model, for example from
`sagemaker.image_uris.retrieve(model_id="model-txt2img-stabilityai-stable-diffusion-v2-1-base", image_scope="training", …)`.
Needs boto3. Between this check and the job's start the prefix could change still: version the bucket, or let the job call
`require_copy` of safelight_gate.py on what it was given, as its first step.
"""

import argparse
import sys
import time

import boto3

from safelight_gate import NotScanned, require_scanned

parser = argparse.ArgumentParser(description="Starts a SageMaker job on a data set that was judged, and on no other.")
parser.add_argument("--manifest", required=True, help="manifest.json of the scan")
parser.add_argument("--source", required=True, help="s3://bucket/prefix with dataset_info.json")
parser.add_argument("--public-key", required=True, help="the key that must have signed, 32 bytes in base64")
parser.add_argument("--role", required=True, help="ARN of the execution role")
parser.add_argument("--image", required=True, help="URI of the training image")
parser.add_argument("--output", required=True, help="s3://bucket/prefix for the model")
parser.add_argument("--instance-type", default="ml.g5.2xlarge")
parser.add_argument("--steps", type=int, default=400)
asked = parser.parse_args()

try:
    require_scanned(asked.manifest, asked.source, asked.public_key)
except NotScanned as problem:
    sys.exit(f"The training job is not created.\n{problem}")

name = f"dreambooth-{time.strftime('%Y-%m-%d-%H-%M-%S', time.gmtime())}"
answer = boto3.client("sagemaker").create_training_job(
    TrainingJobName=name,
    RoleArn=asked.role,
    AlgorithmSpecification={"TrainingImage": asked.image, "TrainingInputMode": "File"},
    HyperParameters={"with_prior_preservation": "False", "max_steps": str(asked.steps)},
    InputDataConfig=[
        {
            "ChannelName": "training",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": f"{asked.source.rstrip('/')}/",
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
    ],
    OutputDataConfig={"S3OutputPath": asked.output},
    ResourceConfig={"InstanceType": asked.instance_type, "InstanceCount": 1, "VolumeSizeInGB": 50},
    StoppingCondition={"MaxRuntimeInSeconds": 86_400},
)
print(answer["TrainingJobArn"])
