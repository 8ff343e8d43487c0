import { queryOptions } from "@tanstack/react-query";
import { getGeneration, getInfo, getPolicies, getPolicy } from "./client.ts";

export const infoQuery = queryOptions({ queryKey: ["info"], queryFn: ({ signal }) => getInfo(signal) });

export const policiesQuery = queryOptions({ queryKey: ["policies"], queryFn: ({ signal }) => getPolicies(signal) });

export const policyQuery = (name: string) =>
  queryOptions({ queryKey: ["policy", name], queryFn: ({ signal }) => getPolicy(name, signal), enabled: name !== "" });

/** A stored record. One that is still running is asked for again every second. */
export const generationQuery = (id: string) =>
  queryOptions({
    queryKey: ["generation", id],
    queryFn: ({ signal }) => getGeneration(id, signal),
    refetchInterval: (query) => (query.state.data?.state === "running" ? 1_000 : false),
  });
