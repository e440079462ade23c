namespace Atelier.Kubernetes.Api;

/// <summary>A kind of object in a namespace, and where the API server keeps it.</summary>
/// <param name="Group">The API's group; empty for the core.</param>
/// <param name="Version">The group's version.</param>
/// <param name="Plural">Its name in paths and rights.</param>
/// <param name="Kind">Its name in objects.</param>
public sealed record ResourceKind(string Group, string Version, string Plural, string Kind)
{
    public static ResourceKind TrainingRuns { get; } = new("atelier.dev", "v1alpha1", "trainingruns", "TrainingRun");

    public static ResourceKind Jobs { get; } = new("batch", "v1", "jobs", "Job");

    public static ResourceKind Pods { get; } = new("", "v1", "pods", "Pod");

    public static ResourceKind PodTemplates { get; } = new("", "v1", "podtemplates", "PodTemplate");

    /// <summary>As objects name it.</summary>
    public string ApiVersion => Group.Length > 0 ? $"{Group}/{Version}" : Version;

    /// <summary>As rights name it.</summary>
    public string QualifiedName => Group.Length > 0 ? $"{Plural}.{Group}" : Plural;

    /// <summary>The path of all objects in a namespace.</summary>
    public string PathIn(string space) => $"{(Group.Length > 0 ? $"apis/{Group}" : "api")}/{Version}/namespaces/{Uri.EscapeDataString(space)}/{Plural}";
}
