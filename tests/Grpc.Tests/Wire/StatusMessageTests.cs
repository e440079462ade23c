using FsCheck;
using FsCheck.Fluent;
using Grpc.Wire;

namespace Atelier.Grpc.Tests.Wire;

public sealed class StatusMessageTests
{
    [Fact]
    public void Encode_OfOtherThanPrintableAscii_IsPercents() =>
        Assert.Equal("K%C3%A4se 100%25%0A", StatusMessage.Encode("Käse 100%\n"));

    [Theory]
    [InlineData("%")]
    [InlineData("100%zz")]
    [InlineData("%4")]
    public void Decode_OfABrokenEscape_KeepsIt(string header) => Assert.Equal(header, StatusMessage.Decode(header));

    [Fact]
    public void Decode_OfAnyEncodedText_GivesItBack() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            var whole = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text.Get)); // lone surrogates are no text
            var encoded = StatusMessage.Encode(whole);
            return encoded.All(c => c is >= ' ' and <= '~') && StatusMessage.Decode(encoded) == whole;
        }));
}
