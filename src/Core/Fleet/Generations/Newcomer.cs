namespace Atelier.Core.Fleet.Generations;

/// <summary>A worker that a gathering took in while it was under way.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Since">When; its time to halt begins here.</param>
public sealed record Newcomer(WorkerId Worker, DateTimeOffset Since);
