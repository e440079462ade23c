namespace Atelier.Core.Fleet;

/// <summary>A worker counts as alive until its lease runs out; every message from it renews the lease.</summary>
/// <param name="Until">The first moment at which it is lost.</param>
public readonly record struct Lease(DateTimeOffset Until)
{
    /// <summary>How long a worker may be silent, by default.</summary>
    public static readonly TimeSpan DefaultLength = TimeSpan.FromSeconds(10);

    /// <summary>Whether the worker counts as alive.</summary>
    /// <param name="now">The coordinator's time.</param>
    public bool IsHeldAt(DateTimeOffset now) => now < Until;
}
