using System.Security.Cryptography;
using Atelier.Core;
using k8s;
using k8s.Exceptions;
using YamlDotNet.Core;

namespace Atelier.Kubernetes.Api;

/// <summary>How a cluster is reached: by a kubeconfig file, or by the account of the pod that this process runs in.</summary>
public sealed record ClusterAccess
{
    private const string Variable = "KUBECONFIG";

    private ClusterAccess(KubernetesClientConfiguration configuration, string source) => (Configuration, Source) = (configuration, source);

    /// <summary>The namespace that is worked in.</summary>
    public string Namespace { get; private init; } = "default";

    /// <summary>The API server's address.</summary>
    public string Server => Configuration.Host;

    /// <summary>Where this comes from, for messages.</summary>
    public string Source { get; }

    internal KubernetesClientConfiguration Configuration { get; }

    /// <summary>Finds the cluster: by the file that is named, by <c>KUBECONFIG</c>, by the pod's account, by <c>~/.kube/config</c>, in this order.</summary>
    /// <param name="file">A kubeconfig file; null for the others.</param>
    /// <param name="context">A context of the file; null for its current one.</param>
    /// <param name="space">A namespace; null for that of the context, or of the pod.</param>
    /// <exception cref="UserErrorException">There is none, or it does not fit.</exception>
    public static ClusterAccess Find(string? file, string? context, string? space)
    {
        var path = file ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set ? set : null);
        if (path is null && context is null && KubernetesClientConfiguration.IsInCluster())
            return Of(Read("the pod's service account", KubernetesClientConfiguration.InClusterConfig), "the pod's service account", space);
        path ??= Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config");
        if (!File.Exists(path))
            throw new UserErrorException($"kubeconfig file {path} not found, and this is not a pod in a cluster; name the file with --kubeconfig, or set {Variable}");
        return Of(Read(path, () => KubernetesClientConfiguration.BuildConfigFromConfigFile(new FileInfo(path), context)), path, space);
    }

    private static ClusterAccess Of(KubernetesClientConfiguration configuration, string source, string? space)
    {
        if (!Uri.TryCreate(configuration.Host, UriKind.Absolute, out var host) || host.Scheme is not ("http" or "https"))
            throw new UserErrorException($"{source} is not valid: the server address `{configuration.Host}` must look like https://10.0.0.1:6443");
        return new(configuration, source) { Namespace = space ?? (configuration.Namespace is { Length: > 0 } own ? own : "default") };
    }

    private static KubernetesClientConfiguration Read(string source, Func<KubernetesClientConfiguration> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is KubeConfigException or KubernetesClientException or YamlException or IOException or UnauthorizedAccessException or CryptographicException or FormatException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            throw new UserErrorException($"{source} is not valid: {(error is NullReferenceException ? "it is not a kubeconfig" : error.Message)}", error);
        }
    }
}
