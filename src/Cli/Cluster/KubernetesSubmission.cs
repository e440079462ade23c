using System.Text.Json;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Core.Kubernetes;
using Atelier.Kubernetes.Api;
using Atelier.Kubernetes.Objects;
using Atelier.Protos;

namespace Atelier.Cli.Cluster;

/// <summary>A submission as a <c>TrainingRun</c>, applied to a cluster by server-side apply.</summary>
/// <param name="access">The cluster.</param>
internal sealed class KubernetesSubmission(ClusterAccess access)
{
    /// <summary>The name under which the command owns fields.</summary>
    private const string Manager = "atelier";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>What would be applied, as YAML or JSON.</summary>
    /// <exception cref="UserErrorException">It cannot work.</exception>
    public static string Describe(SubmitRequest request, string? space, bool isJson)
    {
        var wanted = ObjectOf(request, space);
        return isJson ? wanted.ToJsonString(Indented) : ObjectYaml.Write(wanted).TrimEnd();
    }

    /// <summary>Applies it.</summary>
    /// <returns>What to print.</returns>
    /// <exception cref="UserErrorException">It cannot work, or the cluster refuses it.</exception>
    public async Task<string> ApplyAsync(SubmitRequest request, bool force, bool isJson)
    {
        var wanted = ObjectOf(request, access.Namespace);
        using var api = new KubernetesApi(access, TimeProvider.System);
        try
        {
            var applied = await api.ApplyAsync(ResourceKind.TrainingRuns, wanted, Manager, force, CancellationToken.None);
            return isJson ? applied.ToJsonString() : $"applied TrainingRun {request.Run} to namespace {access.Namespace} of {access.Server}; `kubectl get run {request.Run} -n {access.Namespace}` shows its progress";
        }
        catch (KubernetesApiException error) when (error.IsPassing)
        {
            throw new IOException(error.Message, error);
        }
        catch (KubernetesApiException error) when (error.IsConflict)
        {
            throw new UserErrorException($"{error.Message}; pass --force-conflicts to take over these fields", error);
        }
        catch (KubernetesApiException error) when (error.IsNotFound)
        {
            throw new UserErrorException($"{access.Server} has no TrainingRun resource, or no namespace {access.Namespace}; install the definition first (kubectl apply -f deploy/k8s/crd/trainingruns.yaml)", error);
        }
        catch (KubernetesApiException error)
        {
            throw new UserErrorException($"{access.Server}: {error.Message}", error);
        }
    }

    private static JsonObject ObjectOf(SubmitRequest request, string? space)
    {
        var spec = new TrainingRunSpec
        {
            Data = request.DataPath,
            Out = request.RunStore,
            Recipe = request.Recipe,
            Init = request.InitPath,
            Assignments = request.Assignments,
            AcceptNewNumerics = request.AcceptNewNumerics,
            Priority = request.Priority,
            Workers = request.MaxWorkers > 0 ? new WorkerPods(request.MinWorkers, request.MaxWorkers) : null,
        };
        var problems = spec.Problems(request.Run).ToList();
        return problems.Count == 0 ? TrainingRunObject.Write(request.Run, space, spec) : throw new UserErrorException(string.Join(Environment.NewLine, problems));
    }
}
