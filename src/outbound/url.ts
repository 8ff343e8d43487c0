import { z } from "zod";

const HTTP = { protocol: /^https?$/, error: "must be an http or https URL" };

/** A whole address of a vendor's. Credentials in it would be a secret that is written into the configuration, and would not be sent. */
export const AddressSchema = z.url(HTTP).refine(hasNoCredentials, {
  error: "must have no user name or password in it: name them by an environment variable",
});

/** The start of a vendor's addresses, to which paths are added. */
export const BaseUrlSchema = AddressSchema.refine(isBare, { error: "must end with its path: no ? or # after it" });

function hasNoCredentials(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed === null || (parsed.username === "" && parsed.password === "");
}

function isBare(url: string): boolean {
  return !/[?#]/.test(url);
}

/** Hosts from which pictures may be fetched. */
export const HostPatternSchema = z.string().regex(/^(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::\d{1,5})?$/, {
  error: "must be a host name, such as cdn.example.com or *.example.com, perhaps with :port",
});
