namespace Atelier.Core.Telemetry;

/// <summary>What a long-running process tells probes about itself. Safe from any thread.</summary>
public sealed class ProcessHealth
{
    private volatile Standing _standing = new(HasStarted: false, "it is starting");

    /// <summary>Whether it was ready once.</summary>
    public bool HasStarted => _standing.HasStarted;

    /// <summary>Why it is not ready; null while it is.</summary>
    public string? Trouble => _standing.Trouble;

    /// <summary>It does its work.</summary>
    public void Ready() => _standing = new(HasStarted: true, null);

    /// <summary>It does not, for the time being.</summary>
    /// <param name="trouble">Why.</param>
    public void NotReady(string trouble) => _standing = _standing with { Trouble = trouble };

    private sealed record Standing(bool HasStarted, string? Trouble);
}
