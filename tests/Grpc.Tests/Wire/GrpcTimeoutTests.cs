using FsCheck;
using FsCheck.Fluent;
using Grpc.Wire;

namespace Atelier.Grpc.Tests.Wire;

public sealed class GrpcTimeoutTests
{
    [Theory]
    [InlineData("1n", 1)]
    [InlineData("100u", 1_000)]
    [InlineData("5m", 50_000)]
    [InlineData("3S", 30_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("99999999H", 3_599_999_964_000_000_000)]
    public void Decode_OfEachUnit_GivesTheTime(string header, long ticks) => Assert.Equal(new TimeSpan(ticks), GrpcTimeout.Decode(header));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("-1S")]
    [InlineData("1s")]
    [InlineData("123456789S")]
    public void Decode_OfAnythingElse_GivesNothing(string? header) => Assert.Null(GrpcTimeout.Decode(header));

    [Fact]
    public void Encode_OfAnyTime_IsNoShorterAndAlmostAsExact() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<PositiveInt>(), ArbMap.Default.ArbFor<PositiveInt>(), (a, b) =>
        {
            var time = new TimeSpan((long)a.Get * b.Get * a.Get);
            var decoded = GrpcTimeout.Decode(GrpcTimeout.Encode(time))!.Value;
            return decoded >= time && decoded - time <= TimeSpan.FromTicks(time.Ticks / 10_000 + TimeSpan.TicksPerMicrosecond);
        }));
}
