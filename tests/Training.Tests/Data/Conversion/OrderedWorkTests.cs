using Atelier.Training.Data.Conversion;

namespace Atelier.Training.Tests.Data.Conversion;

public class OrderedWorkTests
{
    [Fact]
    public void Run_FirstItemFinishesLast_ComesFirst()
    {
        var others = new CountdownEvent(5);

        var items = OrderedWork.Run(
            [4, 7, 8, 9, 11, 12], jobs: 2,
            number =>
            {
                if (number == 4)
                    others.Wait();
                else
                    others.Signal();
                return number * 10;
            },
            CancellationToken.None).ToList();

        Assert.Equal([(4, 40), (7, 70), (8, 80), (9, 90), (11, 110), (12, 120)], items);
    }

    [Fact]
    public void Run_ItemThatFails_ThrowsInItsPlace()
    {
        var seen = new List<int>();

        Assert.Throws<InvalidDataException>(() =>
        {
            foreach (var (number, _) in OrderedWork.Run(Enumerable.Range(0, 100).ToArray(), 3, n => n == 60 ? throw new InvalidDataException() : n, CancellationToken.None))
                seen.Add(number);
        });

        Assert.Equal(Enumerable.Range(0, 60), seen);
    }

    [Fact]
    public void Run_NobodyTakesItems_StaysWithinTheWindow()
    {
        var computed = 0;
        using (var items = OrderedWork.Run(Enumerable.Range(0, 10_000).ToArray(), 2, _ => Interlocked.Increment(ref computed), CancellationToken.None).GetEnumerator())
            Assert.True(items.MoveNext());

        Assert.InRange(computed, 1, 64);
    }

    [Fact]
    public void Run_Cancelled_Ends()
    {
        using var stop = new CancellationTokenSource();
        var items = OrderedWork.Run(Enumerable.Range(0, 1000).ToArray(), 2, n => n, stop.Token).GetEnumerator();
        Assert.True(items.MoveNext());

        stop.Cancel();

        // What is done already may still come; then it ends.
        Assert.ThrowsAny<OperationCanceledException>(() => { while (items.MoveNext()) { } });
        items.Dispose();
    }
}
