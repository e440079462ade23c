using System.CommandLine;
using Atelier.Core;
using Atelier.Kubernetes.Api;

namespace Atelier.Cli.Cluster;

/// <summary>The options by which a command reaches a cluster of Kubernetes.</summary>
internal sealed class KubernetesOption
{
    private readonly Option<bool> _kubernetes = new("--kubernetes");

    private readonly Option<string?> _file = new("--kubeconfig") { Description = "kubeconfig file (default: the first that exists of KUBECONFIG, the pod's service account and ~/.kube/config)" };
    private readonly Option<string?> _context = new("--kube-context") { Description = "kubeconfig context (default: the current one)" };
    private readonly Option<string?> _namespace = new("--namespace") { Description = "namespace (default: the context's, or the pod's)" };

    public void AddTo(Command command, string description)
    {
        _kubernetes.Description = description;
        foreach (var option in new Option[] { _kubernetes, _file, _context, _namespace })
            command.Options.Add(option);
    }

    /// <summary>Whether Kubernetes is meant.</summary>
    /// <exception cref="UserErrorException">It is not, and other options are for it.</exception>
    public bool IsMeant(ParseResult parsed)
    {
        if (parsed.GetValue(_kubernetes)) return true;
        return new[] { _file, _context, _namespace }.FirstOrDefault(option => parsed.GetValue(option) is not null) is { } stray
            ? throw new UserErrorException($"{stray.Name} goes with {_kubernetes.Name}")
            : false;
    }

    /// <summary>The namespace that is named; null where none is.</summary>
    public string? Namespace(ParseResult parsed) => parsed.GetValue(_namespace);

    /// <summary>The cluster; null where none is meant.</summary>
    /// <exception cref="UserErrorException">There is none, or the kubeconfig does not fit.</exception>
    public ClusterAccess? Find(ParseResult parsed) =>
        IsMeant(parsed) ? ClusterAccess.Find(parsed.GetValue(_file), parsed.GetValue(_context), parsed.GetValue(_namespace)) : null;
}
