namespace Atelier.Kernels.Tests;

public sealed class ThreadTeamTests
{
    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 1)]
    [InlineData(2, 7)]
    [InlineData(3, 1000)]
    public void For_AnyCount_CoversEachPieceOnce(int threads, int count)
    {
        using var team = new ThreadTeam(threads);
        for (int round = 0; round < 100; round++)
        {
            var visits = new int[count];
            team.For(count, 1, (begin, end) =>
            {
                for (int i = begin; i < end; i++)
                    Interlocked.Increment(ref visits[i]);
            });
            Assert.All(visits, visit => Assert.Equal(1, visit));
        }
    }

    [Fact]
    public void For_AShareThrows_TheOwnerGetsIt()
    {
        using var team = new ThreadTeam(2);
        Assert.Throws<InvalidOperationException>(() => team.For(2, 1, (begin, _) =>
        {
            if (begin == 1)
                throw new InvalidOperationException("share");
        }));
        int done = 0;
        team.For(2, 1, (begin, end) => Interlocked.Add(ref done, end - begin));
        Assert.Equal(2, done);
    }
}
