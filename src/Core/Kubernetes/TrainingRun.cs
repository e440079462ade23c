using Atelier.Core.Fleet;
using Atelier.Core.Metrics;
using Atelier.Core.Specs;

namespace Atelier.Core.Kubernetes;

/// <summary>A <c>TrainingRun</c> of Kubernetes, as the operator sees it.</summary>
public sealed record TrainingRun
{
    /// <summary>Its name, which is the run's and the Job's too.</summary>
    public required string Name { get; init; }

    /// <summary>Which object of that name it is.</summary>
    public string Uid { get; init; } = "";

    /// <summary>Rises with every change of the spec.</summary>
    public long Generation { get; init; }

    /// <summary>Whether somebody has deleted it; it stays until its finalizer is taken away.</summary>
    public bool IsDeleting { get; init; }

    /// <summary>Whether it has the operator's finalizer.</summary>
    public bool HasFinalizer { get; init; }

    /// <summary>What is wanted; null where it cannot be read.</summary>
    public TrainingRunSpec? Spec { get; init; }

    /// <summary>Why the spec cannot be read; empty otherwise.</summary>
    public string Unreadable { get; init; } = "";

    /// <summary>What the operator has said of it.</summary>
    public TrainingRunStatus Status { get; init; } = new();
}

/// <summary>What is wanted of a run.</summary>
public sealed record TrainingRunSpec
{
    /// <summary>Most characters of a name: its workers' host names have an index behind it, and are labels of DNS.</summary>
    public const int MaxNameLength = 52;

    /// <summary>The images, as the workers see them.</summary>
    public required string Data { get; init; }

    /// <summary>Where the run is kept, as workers and coordinator see it.</summary>
    public required string Out { get; init; }

    /// <summary>A recipe's name, or its JSON; empty for the default.</summary>
    public string Recipe { get; init; } = "";

    /// <summary>Networks to start from; empty for none.</summary>
    public string Init { get; init; } = "";

    /// <summary>Spec keys, as key=value.</summary>
    public IReadOnlyList<string> Assignments { get; init; } = [];

    /// <summary>Whether it goes on although the store's snapshots have other numerics.</summary>
    public bool AcceptNewNumerics { get; init; }

    /// <summary>Runs with a higher one get workers first.</summary>
    public int Priority { get; init; }

    /// <summary>Whether it is to stand still.</summary>
    public bool Suspend { get; init; }

    /// <summary>What becomes of the run when the object is deleted.</summary>
    public DeletionPolicy OnDelete { get; init; }

    /// <summary>Workers of its own; null to use those that are attached.</summary>
    public WorkerPods? Workers { get; init; }

    /// <summary>What cannot work, as far as that can be told without the data; a sentence each.</summary>
    /// <param name="name">The object's name.</param>
    public IEnumerable<string> Problems(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!FleetName.IsValid(name) || name.Length > MaxNameLength || name.Contains('.', StringComparison.Ordinal))
            yield return $"metadata.name `{name}`: must be up to {MaxNameLength} lower-case letters, digits and `-`, because it becomes part of host names.";
        if (Workers is { } workers && (workers.Min < 1 || workers.Max < workers.Min))
            yield return $"spec.workers asks for {workers.Min} to {workers.Max}; min must be at least 1, and max not below min.";
        foreach (var problem in SpecProblems())
            yield return problem;
    }

    private List<string> SpecProblems()
    {
        List<SpecAssignment> assignments = [];
        List<string> problems = [];
        try
        {
            _ = Recipe.TrimStart().StartsWith('{') ? Specs.Recipe.Parse("spec.recipe", Recipe) : Recipes.Named(Recipe.Length > 0 ? Recipe : Recipes.Default);
        }
        catch (UserErrorException mistake)
        {
            problems.Add($"spec.recipe: {mistake.Message}");
        }

        foreach (var text in Assignments)
        {
            try
            {
                assignments.Add(SpecAssignment.Parse(text));
            }
            catch (UserErrorException mistake)
            {
                problems.Add($"spec.spec: {mistake.Message}");
            }
        }

        foreach (var unknown in assignments.Where(assignment => assignment.Key.Name == "metrics").SelectMany(assignment => assignment.ApplyTo(new RunSpec()).Metrics).Where(metric => !MetricCatalog.Has(metric)))
            problems.Add($"spec.spec: metrics: {MetricCatalog.Missing(unknown)}");
        return problems;
    }
}

/// <summary>Workers that belong to one run.</summary>
/// <param name="Min">The run waits until so many are there.</param>
/// <param name="Max">So many are started.</param>
public sealed record WorkerPods(int Min, int Max)
{
    /// <summary>The PodTemplate that is taken where none is named.</summary>
    public const string DefaultTemplate = "atelier-worker";

    /// <summary>The PodTemplate that they are made from.</summary>
    public string Template { get; init; } = DefaultTemplate;
}

/// <summary>What becomes of a run whose object is deleted.</summary>
public enum DeletionPolicy
{
    /// <summary>It ends with a snapshot, and the coordinator forgets it; its files stay.</summary>
    Cancel,

    /// <summary>It ends at once, without what came after its newest snapshot, and the coordinator forgets it; its files stay.</summary>
    Discard,

    /// <summary>It stays with the coordinator as it is; workers of its own leave.</summary>
    Keep,
}
