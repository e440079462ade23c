using Atelier.Worker.Collectives.Links;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>Sums between threads, through ordinary memory.</summary>
public sealed class InMemoryBitsTests : CollectiveBitsTests
{
    protected override int Cases => 60;

    private protected override IReadOnlyList<IRankLinks> World(RingShape shape) => InMemoryLinks.Create(shape);
}

/// <summary>Failures between threads, through ordinary memory.</summary>
public sealed class InMemoryFailureTests : CollectiveFailureTests
{
    private protected override IReadOnlyList<IRankLinks> Create(int ranks) => InMemoryWorld.Create(ranks);
}
