using System.Runtime.CompilerServices;

// Every import is blittable: no hidden marshalling stub between .NET and libtorch.
[assembly: DisableRuntimeMarshalling]
