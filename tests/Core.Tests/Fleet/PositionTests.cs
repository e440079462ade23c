using Atelier.Core.Fleet;

namespace Atelier.Core.Tests.Fleet;

public class PositionTests
{
    [Fact]
    public void Order_IterationThenPhase_LineageBeforeBoth()
    {
        Assert.True(new Position(1, 3) < new Position(2, 0));
        Assert.True(new Position(2, 0) < new Position(2, 1));
        Assert.True(new StateVersion(0, new(9, 0)) < new StateVersion(1, new(2, 0)));
        Assert.True(new StateVersion(1, new(2, 0)) <= new StateVersion(1, new(2, 0)));
    }

    [Fact]
    public void NextBetweenIterations_MidIteration_IsItsEnd()
    {
        Assert.Equal(new Position(3, 0), new Position(2, 1).NextBetweenIterations);
        Assert.Equal(new Position(3, 0), new Position(3, 0).NextBetweenIterations);
    }
}
